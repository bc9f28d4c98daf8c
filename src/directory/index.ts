// SPDX-License-Identifier: Apache-2.0
// `assay/directory`: where evidence of leases may be had. It says nothing that anybody has to believe.

export type { EndpointHint, LeaseHints, LeaseId } from '../discovery/lease.js'
export type { Clock } from '../service/clock.js'
export { systemClock } from '../service/system-clock.js'
export { type AppOptions, buildApp } from './app.js'
export { exampleSource } from './example.js'
export { FileSource, type FileSourceOptions } from './file-source.js'
export type { Source } from './source.js'
export { type Change, type Counts, DirectoryState } from './state.js'

// SPDX-License-Identifier: Apache-2.0
// `assay/sidecar`: the Attester. It returns raw evidence, and never a verdict.

export type { Clock } from '../service/clock.js'
export { systemClock } from '../service/system-clock.js'
export { type AppOptions, buildApp, type Keys } from './app.js'
export { type Sidecar, type SidecarOptions, startSidecar } from './sidecar.js'
export type { CpuSurface, GpuReport, GpuSurface, Platform, PlatformReport } from './surface.js'

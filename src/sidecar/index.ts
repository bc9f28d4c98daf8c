// SPDX-License-Identifier: Apache-2.0
// `assay/sidecar`: the Attester. It returns raw evidence, and never a verdict.

export { type AppOptions, buildApp, type Keys } from './app.js'
export type { Clock } from './clock.js'
export { type Sidecar, type SidecarOptions, startSidecar } from './sidecar.js'
export type { CpuSurface, GpuReport, GpuSurface, Platform, PlatformReport } from './surface.js'
export { systemClock } from './system-clock.js'

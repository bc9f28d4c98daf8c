// SPDX-License-Identifier: Apache-2.0
// `assay/sidecar`: the Attester. It returns raw evidence, and never a verdict.

export type { CpuSurface, GpuReport, GpuSurface, Platform, PlatformReport } from './surface.js'

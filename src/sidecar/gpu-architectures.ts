// SPDX-License-Identifier: Apache-2.0
// The NVIDIA architectures that give evidence of themselves.

import type { GpuReport } from './surface.js'

/** nvmlDeviceArchitecture_t. */
const NAMES: Readonly<Record<number, string>> = {
  7: 'AMPERE',
  8: 'ADA',
  9: 'HOPPER',
  10: 'BLACKWELL',
  13: 'RUBIN',
}

export const ARCHITECTURES: ReadonlySet<string> = new Set<GpuReport['architecture']>([
  'HOPPER',
  'BLACKWELL',
])

/** In the vendor's capitals. */
export const architectureOf = (number: number): string => NAMES[number] ?? `architecture ${number}`

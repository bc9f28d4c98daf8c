// SPDX-License-Identifier: Apache-2.0
// What the tests of RIMs share: devices, as far as RIMs are concerned, and the RIMs that fit them.

import { type GpuReport, parseGpuReport } from '../../src/core/nvidia.js'
import type { Device } from '../../src/verify/gpu-device.js'
import { type FakeGpuReport, mintGpuReport } from '../fake/nvidia.js'
import type { FakeMeasurement } from '../fake/rim.js'
import { hex } from '../helpers.js'
import { vectorBytes } from '../vectors.js'

export type Described = Omit<Device, 'chain' | 'serial' | 'pdi' | 'ueid' | 'fwid'>

const ARCHITECTURES = { GH100: 'HOPPER', GB100: 'BLACKWELL', LS_10: 'LS10' } as const

function describe(report: GpuReport, index = 0): Device {
  const { opaqueData, kind } = report
  const { driverVersion, vbiosVersion } = opaqueData
  const blackwell = opaqueData.gpuInfo?.[0] === 0xa0
  const chip = kind === 'switch' ? 'LS_10' : blackwell ? 'GB100' : 'GH100'
  const described: Described = {
    index,
    report,
    opaqueData,
    kind,
    architecture: ARCHITECTURES[chip],
    chip,
    driverVersion,
    vbiosVersion: vbiosVersion as string,
  }
  // RIMs are not about the certificates and names of a device.
  return described as Device
}

export const fakeDevice = (options: FakeGpuReport & { index?: number } = {}): Device =>
  describe(parseGpuReport(mintGpuReport(options)), options.index)

export const realDevice = (vector: string, ...dir: string[]): Device =>
  describe(parseGpuReport(vectorBytes('nvidia', vector, ...dir, 'evidence.bin')))

/** What the device measured at these indices, as golden values. */
export const goldenOf = ({ report }: Device, indices: readonly number[]): FakeMeasurement[] =>
  indices.map((index) => ({ index, alternatives: [hex(report.measurements[index] as Uint8Array)] }))

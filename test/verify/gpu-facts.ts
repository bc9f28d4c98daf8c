// SPDX-License-Identifier: Apache-2.0
// Devices made up field by field, for what is drawn from them.

import type { OpaqueData } from '../../src/core/nvidia.js'
import type { Device } from '../../src/verify/gpu-device.js'

type Bytes = Uint8Array<ArrayBuffer>

export interface FakeDevice extends Partial<Omit<Device, 'report' | 'opaqueData'>> {
  readonly opaque?: Partial<OpaqueData>
}

/** What is not said is as of an H100 that is alone in its machine. */
export const device = ({ opaque = {}, ...change }: FakeDevice = {}): Device =>
  ({
    index: 0,
    chain: [],
    kind: 'gpu',
    architecture: 'HOPPER',
    chip: 'GH100',
    serial: '410102030405060708',
    pdi: '0102030405060708',
    ueid: '1',
    fwid: null,
    driverVersion: '570.124.06',
    vbiosVersion: '96.00.9F.00.01',
    ...change,
    opaqueData: { featureFlag: null, protectedPcieStatus: null, ...opaque },
  }) as unknown as Device

const pdi = (first: number, number: number): Bytes => Uint8Array.of(first, 0, 0, 0, 0, 0, 0, number)
const reversed = (bytes: Bytes): Bytes => bytes.slice().reverse()
const hex = (bytes: Bytes): string => Buffer.from(bytes).toString('hex')

const GPU_PDIS = Array.from({ length: 8 }, (_, number) => pdi(0xa0, number))
const SWITCH_PDIS = Array.from({ length: 4 }, (_, number) => pdi(0xb0, number))

/** Eight GPUs and four NVSwitches of one machine in protected PCIe mode. */
export function machine(): Device[] {
  const links = Array.from({ length: 18 }, (_, link) => SWITCH_PDIS[link] ?? new Uint8Array(8))
  const gpus = GPU_PDIS.map((own, index) =>
    device({
      index,
      serial: `41${hex(own)}`,
      pdi: hex(own),
      opaque: { featureFlag: 'ppcie', switchPdis: links.map(reversed) },
    }),
  )
  const switches = SWITCH_PDIS.map((own, at) =>
    device({
      index: gpus.length + at,
      kind: 'switch',
      architecture: 'LS10',
      serial: `50${hex(own)}`,
      pdi: hex(own),
      driverVersion: null,
      vbiosVersion: '96.10.55.00.01',
      opaque: { devicePdi: own, switchGpuPdis: GPU_PDIS },
    }),
  )
  return [...gpus, ...switches]
}

/** The same device, saying something else. */
export const saying = (one: Device, opaque: Partial<OpaqueData>): Device =>
  ({ ...one, opaqueData: { ...one.opaqueData, ...opaque } }) as Device

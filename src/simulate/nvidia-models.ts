// SPDX-License-Identifier: Apache-2.0
// What GPUs of two architectures say about themselves: the fields, in the order and of the lengths of
// real reports (H100 of driver branch R580, B200 of R590). The project is nobody's, so that no
// reference values of NVIDIA's are looked up for it.

import { FieldId, FWID_LEN, STATUS_DISABLED } from '../../assembly/nvidia/fields.js'
import type { Bytes } from '../core/private-copy.js'

export type Architecture = 'HOPPER' | 'BLACKWELL'

// FEATURE_FLAG.
const SINGLE_GPU_PASSTHROUGH = 0
const MULTI_GPU_PASSTHROUGH = 1

const BOARD_ID = 0x051d

export interface GpuModel {
  /** As certificates spell it. */
  readonly chip: 'GH100' | 'GB100'
  /** The intermediate that signs for whoever puts keys into devices. */
  readonly provisioner: string
  /** From when the certificates of a device count: years before those of their issuers. */
  readonly fabricated: Date
  /** How often each measurement was extended. One that never was is zero. */
  readonly counters: readonly number[]
  /** Digest of the firmware that holds the signing key; certificate and report name it. */
  readonly fwid: Bytes
  /** Opaque data. */
  readonly fields: readonly Field[]
}

export type Field = readonly [id: FieldId, value: ArrayLike<number>]

const text = (value: string, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => value.charCodeAt(index) || 0)
const u32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff)
const u16 = (value: number): number[] => u32(value).slice(0, 2)
const fill = (octet: number) => new Uint8Array(FWID_LEN).fill(octet)

const GH100 = {
  // biome-ignore format: eight registers to a line
  counters: [
    0, 1, 4, 1, 1, 1, 1, 1,
    0, 1, 0, 130, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 1, 2, 0,
    0, 1, 1, 1, 0, 1, 1, 1,
    1, 1, 2, 1, 1, 1, 1, 1,
    1, 1, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0,
  ],
  fwid: fill(0xf1),
}

const GB100 = {
  // biome-ignore format: eight registers to a line
  counters: [
    0, 3, 1, 8, 1, 0, 1, 0,
    16, 0, 0, 3, 1, 1, 1, 0,
    0, 1, 118, 2, 7, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 0, 0, 0, 1, 1, 1,
    1, 1, 1, 0, 1, 1, 1, 1,
    1, 0, 1, 1, 1, 0, 0, 1,
  ],
  fwid: fill(0xf2),
}

/** Fields that both architectures begin with. */
const common = (
  chip: { readonly counters: readonly number[]; readonly fwid: Uint8Array },
  vbios: readonly number[],
  chipSku: string,
  driver: string,
  gpuInfo: number,
): Field[] => [
  [FieldId.VbiosVersion, vbios],
  [FieldId.BoardId, u32(BOARD_ID)],
  [FieldId.ChipSku, text(chipSku, 9)],
  [FieldId.ChipSkuMod, text('0', 5)],
  [FieldId.Project, text('SIM0', 5)],
  [FieldId.ProjectSku, text('0000', 5)],
  [FieldId.ProjectSkuMod, text('0', 2)],
  [FieldId.DriverVersion, text(driver, driver.length + 1)],
  [FieldId.GpuInfo, [gpuInfo, 1, 0, 0, 0, 0, 0, 0]],
  [FieldId.Msrscnt, chip.counters.flatMap(u32)],
  [FieldId.Cprinfo, u32(0x0001c000)],
  [FieldId.Nvdec0Status, [STATUS_DISABLED]],
  [FieldId.Fwid, chip.fwid],
]

export const GPU_MODELS: Readonly<Record<Architecture, GpuModel>> = {
  HOPPER: {
    chip: 'GH100',
    provisioner: 'NVIDIA GH100 Provisioner ICA 1',
    fabricated: new Date('2020-10-17T00:00:00Z'),
    ...GH100,
    fields: [
      ...common(GH100, [0, 0x74, 0, 0x96, 0x1a, 0, 0, 0], '882', '580.95.05', 0x80),
      [FieldId.ProtectedPcieStatus, [STATUS_DISABLED]],
      [FieldId.OpaqueDataVersion, u16(1)],
      [FieldId.FeatureFlag, u16(SINGLE_GPU_PASSTHROUGH)],
    ],
  },
  BLACKWELL: {
    chip: 'GB100',
    provisioner: 'NVIDIA GB100 Provisioner ICA 00000',
    fabricated: new Date('2023-06-20T00:00:00Z'),
    ...GB100,
    fields: [
      ...common(GB100, [0, 0xe4, 0, 0x97, 0x11, 0, 0, 0], '886', '590.48.01', 0xa0),
      [FieldId.SysEnableStatus, [7, 7]],
      [FieldId.ChipInfo, text('GB100', 6)],
      [FieldId.OpaqueDataVersion, u16(1)],
      [FieldId.FeatureFlag, u16(MULTI_GPU_PASSTHROUGH)],
    ],
  },
}

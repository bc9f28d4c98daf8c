// SPDX-License-Identifier: Apache-2.0
// What the opaque data of an NVIDIA attestation report says, field by field.

import * as fields from '../../assembly/nvidia/fields.js'
import {
  counters,
  exactly,
  featureFlag,
  type OpaqueField,
  opaqueDataVersion,
  pdis,
  type Responder,
  status,
  switchBiosVersion,
  text,
  u16,
  vbiosVersion,
} from './nvidia-values.js'
import type { Bytes } from './private-copy.js'

export type { OpaqueField, Responder }

const { FieldId } = fields

/** The fields with a known meaning; each is null when the report does not have it. */
export interface OpaqueData {
  readonly driverVersion: string | null
  /** 8 bytes; the chip. */
  readonly gpuInfo: Bytes | null
  /** VBIOS of a GPU, BIOS of an NVSwitch: `96.00.9F.00.01`. */
  readonly vbiosVersion: string | null
  readonly nvdec0Status: 'enabled' | 'disabled' | null
  /** How often each measurement was extended; an NVSwitch counts its first ones only. */
  readonly msrscnt: readonly number[] | null
  /** 4 bytes. */
  readonly cprinfo: Bytes | null
  /** 4 bytes. */
  readonly boardId: Bytes | null
  readonly chipSku: string | null
  readonly chipSkuMod: string | null
  readonly project: string | null
  readonly projectSku: string | null
  readonly projectSkuMod: string | null
  /** SHA-384 of the firmware that holds the signing key; the leaf certificate names it too. */
  readonly fwid: Bytes | null
  readonly protectedPcieStatus: 'enabled' | 'disabled' | null
  /** GPU: for each NVLink the 8-byte PDI of the switch behind it, in reverse of the switch's order. */
  readonly switchPdis: readonly Bytes[] | null
  /** NVSwitch: its own 8-byte PDI. */
  readonly devicePdi: Bytes | null
  /** 2 bytes. */
  readonly floorsweptPorts: Bytes | null
  readonly positionId: number | null
  /** 2 bytes. */
  readonly lockSwitchStatus: Bytes | null
  /** NVSwitch: 8-byte PDIs of the GPUs it connects, eight of them; some may be 0xff or repeated. */
  readonly switchGpuPdis: readonly Bytes[] | null
  /** NVSwitch: for each of 64 ports an index into `switchGpuPdis`, or 0xff. */
  readonly switchPorts: Bytes | null
  /** 2 bytes. */
  readonly sysEnableStatus: Bytes | null
  readonly opaqueDataVersion: number | null
  /** `GB100`, for example. */
  readonly chipInfo: string | null
  /** Single-GPU passthrough, multi-GPU passthrough or protected PCIe. */
  readonly featureFlag: 'spt' | 'mpt' | 'ppcie' | null
  readonly fspUcodeMinSvn: number | null
}

/** NVIDIA's names: those of FieldId, in capitals. The enum's way back does no harm: no id is text. */
const NAMES = new Map(
  Object.entries(FieldId).map(([name, id]) => [id, name.replace(/\B[A-Z]/g, '_$&').toUpperCase()]),
)

/** NVIDIA's name for a type of field, or null for a type that has none. */
export function fieldName(kind: Responder['kind'], id: number): string | null {
  if (kind === 'switch' && id === FieldId.SwitchPdi) return 'DEVICE_PDI'
  return NAMES.get(id) ?? null
}

/**
 * Decodes the fields with a known meaning. No type stands twice: the core saw to it.
 *
 * @throws {AttestationError} `ERR_NVIDIA_OPAQUE` for one of the wrong length or an unknown value
 */
export function decodeOpaque(responder: Responder, all: readonly OpaqueField[]): OpaqueData {
  const byId = new Map(all.map((field) => [field.id, field]))
  const get = <T>(id: number, decode: (field: OpaqueField) => T): T | null => {
    const field = byId.get(id)
    return field ? decode(field) : null
  }
  const gpu = responder.kind === 'gpu'
  return {
    driverVersion: get(FieldId.DriverVersion, text),
    gpuInfo: get(FieldId.GpuInfo, exactly(fields.GPU_INFO_LEN)),
    vbiosVersion: get(FieldId.VbiosVersion, gpu ? vbiosVersion : switchBiosVersion),
    nvdec0Status: get(FieldId.Nvdec0Status, status),
    msrscnt: get(FieldId.Msrscnt, (field) => counters(field, responder)),
    cprinfo: get(FieldId.Cprinfo, exactly(fields.CPRINFO_LEN)),
    boardId: get(FieldId.BoardId, exactly(fields.BOARD_ID_LEN)),
    chipSku: get(FieldId.ChipSku, text),
    chipSkuMod: get(FieldId.ChipSkuMod, text),
    project: get(FieldId.Project, text),
    projectSku: get(FieldId.ProjectSku, text),
    projectSkuMod: get(FieldId.ProjectSkuMod, text),
    fwid: get(FieldId.Fwid, exactly(fields.FWID_LEN)),
    protectedPcieStatus: get(FieldId.ProtectedPcieStatus, status),
    switchPdis: gpu ? get(FieldId.SwitchPdi, pdis(fields.SWITCH_PDI_LEN)) : null,
    devicePdi: gpu ? null : get(FieldId.SwitchPdi, exactly(fields.PDI_LEN)),
    floorsweptPorts: get(FieldId.FloorsweptPorts, exactly(fields.FLOORSWEPT_PORTS_LEN)),
    positionId: get(FieldId.PositionId, u16(fields.POSITION_ID_LEN)),
    lockSwitchStatus: get(FieldId.LockSwitchStatus, exactly(fields.LOCK_SWITCH_STATUS_LEN)),
    switchGpuPdis: get(
      FieldId.SwitchGpuPdis,
      pdis(fields.SWITCH_GPU_PDIS_LEN, fields.SWITCH_PORTS_AT),
    ),
    switchPorts: get(FieldId.SwitchGpuPdis, ({ value }) => value.slice(fields.SWITCH_PORTS_AT)),
    sysEnableStatus: get(FieldId.SysEnableStatus, exactly(fields.SYS_ENABLE_STATUS_LEN)),
    opaqueDataVersion: responder.opaqueMajor || get(FieldId.OpaqueDataVersion, opaqueDataVersion),
    chipInfo: get(FieldId.ChipInfo, text),
    featureFlag: get(FieldId.FeatureFlag, featureFlag),
    fspUcodeMinSvn: get(FieldId.FspUcodeMinSvn, u16(fields.FSP_UCODE_MIN_SVN_LEN)),
  }
}

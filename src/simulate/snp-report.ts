// SPDX-License-Identifier: Apache-2.0
// What the firmware of a simulated machine writes: ATTESTATION_REPORTs of any version and product, and
// the signature under them.

import * as bits from '../../assembly/snp/bits.js'
import * as at from '../../assembly/snp/layout.js'
import type { Bytes } from '../core/private-copy.js'
import type { Cpuid, FirmwareVersion, Product } from '../core/snp.js'

/** What a minted report should say; what is left out gets a plausible value. */
export interface ReportFields {
  version?: number
  /** Decides CPUID, TCBs and the shape of CHIP_ID, where these are not given. */
  product?: Product
  guestSvn?: number
  policy?: bigint
  familyId?: Uint8Array
  imageId?: Uint8Array
  vmpl?: number
  currentTcb?: Uint8Array
  platformInfo?: bigint
  authorKeyEn?: boolean
  maskChipKey?: boolean
  signingKey?: 'vcek' | 'vlek'
  reportData?: Uint8Array
  measurement?: Uint8Array
  hostData?: Uint8Array
  idKeyDigest?: Uint8Array
  authorKeyDigest?: Uint8Array
  reportId?: Uint8Array
  reportIdMa?: Uint8Array
  reportedTcb?: Uint8Array
  cpuid?: Cpuid
  chipId?: Uint8Array
  current?: FirmwareVersion
  committed?: FirmwareVersion
  committedTcb?: Uint8Array
  launchTcb?: Uint8Array
  launchMitVector?: bigint
  currentMitVector?: bigint
  /** r || s, big-endian, as WebCrypto gives it; 1 and 1 when not given. */
  signature?: Uint8Array
}

interface Model {
  readonly cpuid: Cpuid
  readonly tcb: readonly number[]
  readonly chipIdLength: number
}

/** Processors and TCBs as real reports show them. */
export const MODELS: Record<Product, Model> = {
  Milan: {
    cpuid: { family: 0x19, model: 0x01, stepping: 1 },
    tcb: [0x04, 0, 0, 0, 0, 0, 0x18, 0xdb],
    chipIdLength: 64,
  },
  Genoa: {
    cpuid: { family: 0x19, model: 0x11, stepping: 1 },
    tcb: [0x0a, 0, 0, 0, 0, 0, 0x17, 0x54],
    chipIdLength: 64,
  },
  Turin: {
    cpuid: { family: 0x1a, model: 0x02, stepping: 1 },
    tcb: [0x01, 0x01, 0x01, 0x04, 0, 0, 0, 0x51],
    chipIdLength: 8,
  },
}

const FIRMWARE: FirmwareVersion = { major: 1, minor: 58, build: 1 }

/** A structurally sound report; sign it with `signWith`. */
export function mintReport(fields: ReportFields = {}): Bytes {
  const report = new Uint8Array(at.REPORT_LEN)
  const view = new DataView(report.buffer)
  const version = fields.version ?? at.VERSION_MAX
  const model = MODELS[fields.product ?? 'Milan']
  view.setUint32(at.VERSION_AT, version, true)
  view.setUint32(at.GUEST_SVN_AT, fields.guestSvn ?? 0, true)
  view.setBigUint64(at.POLICY_AT, fields.policy ?? 0x30000n, true)
  view.setUint32(at.VMPL_AT, fields.vmpl ?? 0, true)
  view.setUint32(at.SIGNATURE_ALGO_AT, bits.SIGNATURE_ALGO_ECDSA_P384_SHA384, true)
  view.setBigUint64(at.PLATFORM_INFO_AT, fields.platformInfo ?? 0x25n, true)
  view.setUint32(at.KEY_FLAGS_AT, keyFlags(fields), true)
  writeBytes(report, fields)
  writeTcbs(report, fields, model)
  writeFirmware(report, at.CURRENT_BUILD_AT, fields.current ?? FIRMWARE)
  writeFirmware(report, at.COMMITTED_BUILD_AT, fields.committed ?? FIRMWARE)
  if (version >= at.VERSION_CPUID) {
    const { family, model: number, stepping } = fields.cpuid ?? model.cpuid
    report.set([family, number, stepping], at.CPUID_FAM_ID_AT)
  }
  if (version >= at.VERSION_MIT_VECTOR) {
    view.setBigUint64(at.LAUNCH_MIT_VECTOR_AT, fields.launchMitVector ?? 0x0bn, true)
    view.setBigUint64(at.CURRENT_MIT_VECTOR_AT, fields.currentMitVector ?? 0x0bn, true)
  }
  writeSignature(report, fields.signature ?? ONES)
  return report
}

/** Puts r || s, 48 big-endian bytes each, into SIGNATURE as firmware does. */
export function writeSignature(report: Uint8Array, signature: Uint8Array): void {
  const half = at.SIGNATURE_R_LEN
  report.set(signature.slice(0, half).reverse(), at.SIGNATURE_R_AT)
  report.set(signature.slice(half, 2 * half).reverse(), at.SIGNATURE_S_AT)
}

/** A copy of a report, signed by an endorsement key: ECDSA, P-384. */
export async function signWith(vek: CryptoKey, report: Uint8Array): Promise<Bytes> {
  const signed = new Uint8Array(report)
  const data = signed.subarray(0, at.SIGNED_LEN)
  const ecdsa = { name: 'ECDSA', hash: 'SHA-384' }
  writeSignature(signed, new Uint8Array(await crypto.subtle.sign(ecdsa, vek, data)))
  return signed
}

const ONES = new Uint8Array(at.SIGNATURE_R_LEN + at.SIGNATURE_S_LEN)
ONES[at.SIGNATURE_R_LEN - 1] = 1
ONES[ONES.length - 1] = 1

function keyFlags({ authorKeyEn, maskChipKey, signingKey }: ReportFields): number {
  const key = signingKey === 'vlek' ? bits.SIGNING_KEY_VLEK : bits.SIGNING_KEY_VCEK
  return (
    (Number(authorKeyEn ?? false) << bits.KEY_AUTHOR_KEY_EN_BIT) |
    (Number(maskChipKey ?? false) << bits.KEY_MASK_CHIP_KEY_BIT) |
    (key << bits.KEY_SIGNING_KEY_BIT)
  )
}

function writeBytes(report: Uint8Array, fields: ReportFields): void {
  const write = (start: number, length: number, bytes: Uint8Array | undefined, fill = 0) =>
    report.set(bytes ?? new Uint8Array(length).fill(fill), start)
  const chipId = new Uint8Array(at.CHIP_ID_LEN)
  chipId.fill(0xc1, 0, MODELS[fields.product ?? 'Milan'].chipIdLength)
  write(at.FAMILY_ID_AT, at.FAMILY_ID_LEN, fields.familyId)
  write(at.IMAGE_ID_AT, at.IMAGE_ID_LEN, fields.imageId)
  write(at.REPORT_DATA_AT, at.REPORT_DATA_LEN, fields.reportData)
  write(at.MEASUREMENT_AT, at.MEASUREMENT_LEN, fields.measurement, 0x4d)
  write(at.HOST_DATA_AT, at.HOST_DATA_LEN, fields.hostData)
  write(at.ID_KEY_DIGEST_AT, at.ID_KEY_DIGEST_LEN, fields.idKeyDigest)
  write(at.AUTHOR_KEY_DIGEST_AT, at.AUTHOR_KEY_DIGEST_LEN, fields.authorKeyDigest)
  write(at.REPORT_ID_AT, at.REPORT_ID_LEN, fields.reportId, 0x1d)
  write(at.REPORT_ID_MA_AT, at.REPORT_ID_MA_LEN, fields.reportIdMa, 0xff)
  write(at.CHIP_ID_AT, at.CHIP_ID_LEN, fields.chipId ?? chipId)
}

function writeTcbs(report: Uint8Array, fields: ReportFields, { tcb }: Model): void {
  report.set(fields.currentTcb ?? tcb, at.CURRENT_TCB_AT)
  report.set(fields.reportedTcb ?? tcb, at.REPORTED_TCB_AT)
  report.set(fields.committedTcb ?? tcb, at.COMMITTED_TCB_AT)
  report.set(fields.launchTcb ?? tcb, at.LAUNCH_TCB_AT)
}

function writeFirmware(report: Uint8Array, start: number, version: FirmwareVersion): void {
  report.set([version.build, version.minor, version.major], start)
}

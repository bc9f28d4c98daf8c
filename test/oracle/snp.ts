// SPDX-License-Identifier: Apache-2.0
// A second, independent reading of ATTESTATION_REPORT: offsets typed from AMD 56860's table, one
// plain DataView, no core. What the core says must be what this says.

import { AttestationError, type Code } from '../../src/errors.js'

/** Reads and checks a report of version 2 to 5; throws the code of the first rule broken. */
export function readSnpReport(bytes: Uint8Array) {
  if (bytes.length !== 1184) no('ERR_SNP_LENGTH')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = view.getUint32(0x000, true)
  if (![2, 3, 4, 5].includes(version)) no('ERR_SNP_VERSION')
  checkValues(view)
  checkZeros(bytes, version)
  return { version, ...integers(view), ...ranges(bytes), ...versioned(view, version) }
}

function no(code: Code): never {
  throw new AttestationError(code, 'said the oracle')
}

function checkValues(view: DataView): void {
  const policy = view.getBigUint64(0x008, true)
  if (BigInt.asUintN(26, policy) !== policy || (policy & 0x20000n) === 0n) no('ERR_SNP_POLICY')
  if (![0, 1, 2, 3, 0xffffffff].includes(view.getUint32(0x030, true))) no('ERR_SNP_VMPL')
  if (view.getUint32(0x034, true) !== 1) no('ERR_SNP_SIGNATURE_ALGORITHM')
  const flags = view.getUint32(0x048, true)
  if (flags > 0b11111) no('ERR_SNP_RESERVED')
  if (flags > 0b111) no('ERR_SNP_SIGNING_KEY')
}

function checkZeros(bytes: Uint8Array, version: number): void {
  const some = (start: number, end: number) => bytes.subarray(start, end).some((byte) => byte !== 0)
  const reserved: [number, number][] = [
    [0x04c, 0x050],
    [version === 2 ? 0x188 : 0x18b, 0x1a0],
    [0x1eb, 0x1ec],
    [0x1ef, 0x1f0],
    [version === 5 ? 0x208 : 0x1f8, 0x2a0],
  ]
  if (reserved.some(([start, end]) => some(start, end))) no('ERR_SNP_RESERVED')
  if (!some(0x2a0, 0x2d0) || !some(0x2e8, 0x318)) no('ERR_SNP_SIGNATURE_FORMAT')
  if (some(0x2d0, 0x2e8) || some(0x318, 0x4a0)) no('ERR_SNP_SIGNATURE_FORMAT')
}

function integers(view: DataView) {
  const policy = view.getBigUint64(0x008, true)
  const platformInfo = view.getBigUint64(0x040, true)
  const flags = view.getUint32(0x048, true)
  return {
    guestSvn: view.getUint32(0x004, true),
    policy,
    policyBits: policyOf(policy),
    vmpl: view.getUint32(0x030, true),
    signatureAlgo: view.getUint32(0x034, true),
    platformInfo,
    platformInfoBits: platformOf(platformInfo),
    authorKeyEn: flags % 2 === 1,
    maskChipKey: (flags & 2) === 2,
    signingKey: flags >= 4 ? 'vlek' : 'vcek',
    current: firmwareOf(view, 0x1e8),
    committed: firmwareOf(view, 0x1ec),
  }
}

function policyOf(policy: bigint) {
  return {
    abiMinor: Number(policy & 0xffn),
    abiMajor: Number((policy >> 8n) & 0xffn),
    smt: (policy & 0x10000n) > 0n,
    migrateMa: (policy & 0x40000n) > 0n,
    debug: (policy & 0x80000n) > 0n,
    singleSocket: (policy & 0x100000n) > 0n,
    cxlAllow: (policy & 0x200000n) > 0n,
    memAes256Xts: (policy & 0x400000n) > 0n,
    raplDis: (policy & 0x800000n) > 0n,
    ciphertextHidingDram: (policy & 0x1000000n) > 0n,
    pageSwapDisable: (policy & 0x2000000n) > 0n,
  }
}

function platformOf(info: bigint) {
  return {
    smtEn: (info & 0x01n) > 0n,
    tsmeEn: (info & 0x02n) > 0n,
    eccEn: (info & 0x04n) > 0n,
    raplDis: (info & 0x08n) > 0n,
    ciphertextHidingDramEn: (info & 0x10n) > 0n,
    aliasCheckComplete: (info & 0x20n) > 0n,
    iommuWriteSafe: (info & 0x40n) > 0n,
    tioEn: (info & 0x80n) > 0n,
    unknown: info - BigInt.asUintN(8, info),
  }
}

function firmwareOf(view: DataView, at: number) {
  return { build: view.getUint8(at), minor: view.getUint8(at + 1), major: view.getUint8(at + 2) }
}

function ranges(bytes: Uint8Array) {
  const copy = (start: number, end: number) => Uint8Array.from(bytes.subarray(start, end))
  return {
    familyId: copy(0x010, 0x020),
    imageId: copy(0x020, 0x030),
    currentTcb: copy(0x038, 0x040),
    reportData: copy(0x050, 0x090),
    measurement: copy(0x090, 0x0c0),
    hostData: copy(0x0c0, 0x0e0),
    idKeyDigest: copy(0x0e0, 0x110),
    authorKeyDigest: copy(0x110, 0x140),
    reportId: copy(0x140, 0x160),
    reportIdMa: copy(0x160, 0x180),
    reportedTcb: copy(0x180, 0x188),
    chipId: copy(0x1a0, 0x1e0),
    committedTcb: copy(0x1e0, 0x1e8),
    launchTcb: copy(0x1f0, 0x1f8),
    signedBytes: copy(0x000, 0x2a0),
    signature: Uint8Array.from([...copy(0x2a0, 0x2d0).reverse(), ...copy(0x2e8, 0x318).reverse()]),
    bytes: copy(0x000, 0x4a0),
  }
}

function versioned(view: DataView, version: number) {
  const cpuid = {
    family: view.getUint8(0x188),
    model: view.getUint8(0x189),
    stepping: view.getUint8(0x18a),
  }
  return {
    cpuid: version === 2 ? null : cpuid,
    product: version === 2 ? null : productOf(cpuid.family, cpuid.model),
    launchMitVector: version === 5 ? view.getBigUint64(0x1f8, true) : null,
    currentMitVector: version === 5 ? view.getBigUint64(0x200, true) : null,
  }
}

function productOf(family: number, model: number): 'Milan' | 'Genoa' | 'Turin' | null {
  if (family === 25 && model < 16) return 'Milan'
  if (family === 25 && (model >> 4 === 1 || model >> 4 === 10)) return 'Genoa'
  if (family === 26 && model <= 17) return 'Turin'
  return null
}

/** Every getter of a typed view as a plain object, to set beside what an oracle read. */
export function plain(view: object): Record<string, unknown> {
  const getters = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(view)))
  const names = getters.filter(([, { get }]) => get !== undefined).map(([name]) => name)
  return Object.fromEntries(names.map((name) => [name, view[name as keyof typeof view]]))
}

// SPDX-License-Identifier: Apache-2.0
// A second, plain reading of TDX evidence, written from the documents and sharing nothing with the
// core: what each field is, or the code that the first broken rule has.

import { createHash } from 'node:crypto'
import type { Code } from '../../src/errors.js'

/** Field by name: hex in memory order for bytes, decimal for integers, null where there is none. */
export type Reading = Record<string, string | number | null>

/** [name, length] in the order of the bytes; '' is reserved. */
type Fields = readonly (readonly [name: string, length: number])[]

const BODY: Fields = [
  ['teeTcbSvn', 16],
  ['mrSeam', 48],
  ['mrSignerSeam', 48],
  ['seamAttributes', 8],
  ['tdAttributes', 8],
  ['xfam', 8],
  ['mrTd', 48],
  ['mrConfigId', 48],
  ['mrOwner', 48],
  ['mrOwnerConfig', 48],
  ['rtmr0', 48],
  ['rtmr1', 48],
  ['rtmr2', 48],
  ['rtmr3', 48],
  ['reportData', 64],
]
const BODY_15: Fields = [
  ['teeTcbSvn2', 16],
  ['mrServiceTd', 48],
]
const BODY_15_EX: Fields = [
  ['vmid', 1],
  ['tdId', 32],
  ['devInfo', 48],
  ['initServtdHash', 48],
  ['initServtdAttr', 8],
  ['initCpuSvn', 16],
  ['initTeeTcbSvn', 16],
  ['initTeeFmspc', 12],
  ['currServtdHash', 48],
  ['currServtdAttr', 8],
]
const QE_REPORT: Fields = [
  ['qe.cpuSvn', 16],
  ['qe.miscSelect', 4],
  ['', 12],
  ['qe.isvExtProdId', 16],
  ['qe.attributes', 16],
  ['qe.mrEnclave', 32],
  ['', 32],
  ['qe.mrSigner', 32],
  ['', 32],
  ['qe.configId', 64],
  ['qe.isvProdId', 2],
  ['qe.isvSvn', 2],
  ['qe.configSvn', 2],
  ['', 42],
  ['qe.isvFamilyId', 16],
  ['qe.reportData', 64],
]
const TDREPORT: Fields = [
  ['', 1],
  ['', 1],
  ['version', 1],
  ['', 13],
  ['cpuSvn', 16],
  ['teeTcbInfoHash', 48],
  ['teeInfoHash', 48],
  ['reportData', 64],
  ['', 32],
  ['mac', 32],
  ['valid', 8],
  ['teeTcbSvn', 16],
  ['mrSeam', 48],
  ['mrSignerSeam', 48],
  ['seamAttributes', 8],
  ['teeTcbSvn2', 16],
  ['', 112],
  ['tdAttributes', 8],
  ['xfam', 8],
  ['mrTd', 48],
  ['mrConfigId', 48],
  ['mrOwner', 48],
  ['mrOwnerConfig', 48],
  ['rtmr0', 48],
  ['rtmr1', 48],
  ['rtmr2', 48],
  ['rtmr3', 48],
  ['servtdHash', 48],
  ['', 64],
]
const SIZE_OF_TYPE: Record<number, number> = { 1: 36, 2: 276, 3: 404 }
const VENDOR = '939a7233f79c4ca9940a0db3957f0607'

/** What `parseTdxQuote` must find, or the code it must throw. */
export function readQuote(bytes: Uint8Array): Reading | Code {
  if (bytes.length < 48) return 'ERR_TDX_LENGTH'
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const version = view.getUint16(0, true)
  if (version !== 4 && version !== 5) return 'ERR_TDX_VERSION'
  if (view.getUint16(2, true) !== 2) return 'ERR_TDX_KEY_TYPE'
  if (view.getUint32(4, true) !== 0x81) return 'ERR_TDX_TEE_TYPE'
  if (hex(bytes, 12, 16) !== VENDOR) return 'ERR_TDX_VENDOR'
  if (view.getUint32(8, true) !== 0) return 'ERR_TDX_RESERVED'
  if (version === 5 && bytes.length < 54) return 'ERR_TDX_LENGTH'
  const type = version === 5 ? view.getUint16(48, true) : 2
  if (type < 2 || type > 4) return 'ERR_TDX_BODY'
  const body = [BODY, type > 2 ? BODY_15 : [], type > 3 ? BODY_15_EX : []].flat()
  const start = version === 5 ? 54 : 48
  if (version === 5 && view.getUint32(50, true) !== size(body)) return 'ERR_TDX_BODY'
  const signed = start + size(body)
  if (bytes.length < signed + 4) return 'ERR_TDX_LENGTH'
  const declared = view.getUint32(signed, true)
  if (declared < 590 || declared > bytes.length - signed - 4) return 'ERR_TDX_SIGNATURE_DATA'
  const data = bytes.subarray(signed + 4, signed + 4 + declared)
  const rest = readSignatureData(data)
  if (typeof rest === 'string') return rest
  return {
    version,
    userData: hex(bytes, 28, 20),
    bodyType: type,
    ...read(bytes, start, body),
    signedBytes: hex(bytes, 0, signed),
    ...rest,
    bytes: hex(bytes, 0, signed + 4 + declared),
    trailingBytes: bytes.length - signed - 4 - declared,
  }
}

function readSignatureData(data: Uint8Array): Reading | Code {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  if (view.getUint16(128, true) !== 6) return 'ERR_TDX_CERTIFICATION_DATA'
  if (view.getUint32(130, true) !== data.length - 134) return 'ERR_TDX_CERTIFICATION_DATA'
  if (!reservedIsZero(data, 134, QE_REPORT)) return 'ERR_TDX_RESERVED'
  const auth = view.getUint16(582, true)
  if (590 + auth > data.length) return 'ERR_TDX_SIGNATURE_DATA'
  const type = view.getUint16(584 + auth, true)
  const pck = data.subarray(590 + auth)
  if (type < 1 || type > 5) return 'ERR_TDX_CERTIFICATION_DATA'
  if (view.getUint32(586 + auth, true) !== pck.length) return 'ERR_TDX_CERTIFICATION_DATA'
  if ((SIZE_OF_TYPE[type] ?? pck.length) !== pck.length) return 'ERR_TDX_CERTIFICATION_DATA'
  const chain = type === 5 ? readChain(Buffer.from(pck).toString('latin1')) : null
  if (chain === undefined) return 'ERR_TDX_CERTIFICATION_DATA'
  return {
    signature: hex(data, 0, 64),
    attestationKey: hex(data, 64, 64),
    ...read(data, 134, QE_REPORT),
    qeReportBytes: hex(data, 134, 384),
    qeReportSignature: hex(data, 518, 64),
    qeAuthData: hex(data, 584, auth),
    pckType: type,
    pckData: hex(pck, 0, pck.length),
    pckChain: chain,
  }
}

/** Hex of the certificates, with commas between, or undefined for a broken chain. */
function readChain(text: string): string | undefined {
  const pem = /-----BEGIN CERTIFICATE-----\r?\n([^-]*)-----END CERTIFICATE-----(?:[\r\n]+|$)/y
  const all = text.replace(/\0$/, '')
  const ders: string[] = []
  while (ders.length === 0 || pem.lastIndex < all.length) {
    const lines = pem.exec(all)?.[1]?.split(/\r?\n/)
    if (lines?.pop() !== '' || lines.length === 0 || lines.includes('')) return undefined
    const der = Buffer.from(lines.join(''), 'base64')
    if (der.toString('base64') !== lines.join('')) return undefined
    ders.push(der.toString('hex'))
  }
  return ders.length > 8 ? undefined : ders.join()
}

/** What `parseTdReport` must find, or the code it must throw. */
export function readTdReport(bytes: Uint8Array): Reading | Code {
  if (bytes.length !== 1024) return 'ERR_TDREPORT_LENGTH'
  if (bytes[0] !== 0x81 || bytes[1] !== 0) return 'ERR_TDREPORT_TYPE'
  if ((bytes[2] as number) > 1) return 'ERR_TDREPORT_VERSION'
  const rest = bytes.slice()
  rest.fill(0, 0, 3)
  if (!reservedIsZero(rest, 0, TDREPORT)) return 'ERR_TDREPORT_RESERVED'
  const reading = read(bytes, 0, TDREPORT)
  if (bytes[2] === 0 && /[^0]/.test(String(reading.servtdHash))) return 'ERR_TDREPORT_RESERVED'
  const sha384 = (from: number, to: number) =>
    createHash('sha384').update(bytes.subarray(from, to)).digest('hex')
  if (reading.teeTcbInfoHash !== sha384(256, 495)) return 'ERR_TDREPORT_HASH'
  if (reading.teeInfoHash !== sha384(512, 1024)) return 'ERR_TDREPORT_HASH'
  return { ...reading, bytes: hex(bytes, 0, 1024) }
}

/** The named fields from `at` on; those of 1, 2 and 4 bytes are integers. */
function read(bytes: Uint8Array, at: number, fields: Fields): Reading {
  const reading: Reading = {}
  for (const [name, length] of fields) {
    if (name) reading[name] = length > 4 ? hex(bytes, at, length) : integer(bytes, at, length)
    at += length
  }
  return reading
}

function reservedIsZero(bytes: Uint8Array, at: number, fields: Fields): boolean {
  return fields.every(([name, length]) => {
    at += length
    return name !== '' || bytes.subarray(at - length, at).every((byte) => byte === 0)
  })
}

const size = (fields: Fields): number => fields.reduce((sum, [, length]) => sum + length, 0)
const hex = (bytes: Uint8Array, at: number, length: number): string =>
  Buffer.from(bytes.subarray(at, at + length)).toString('hex')
const integer = (bytes: Uint8Array, at: number, length: number): number =>
  bytes.subarray(at, at + length).reduceRight((value, byte) => value * 256 + byte, 0)

// SPDX-License-Identifier: Apache-2.0
// A second reading of NVIDIA attestation reports, for differential tests and as the peer in
// benches: one pass with a DataView, written from the specification and not from the core.

import { AttestationError, type Code } from '../../src/errors.js'

function no(code: Code): never {
  throw new AttestationError(code, 'said the oracle')
}

export interface OracleField {
  readonly id: number
  readonly valueType: number | null
  readonly at: number
  readonly value: Uint8Array
  /** Text, number or list where the type is known to be one; hex otherwise. */
  readonly meaning: unknown
}

export interface OracleGpuReport {
  /** Of the opaque data header; null without one. */
  readonly version: number | null
  readonly kind: 'gpu' | 'switch'
  readonly requestNonce: Uint8Array
  readonly measurements: Uint8Array[]
  readonly responderNonce: Uint8Array
  readonly fields: OracleField[]
  readonly signedBytes: Uint8Array
  readonly signature: Uint8Array
  readonly trailingBytes: number
}

class Cursor {
  at = 0
  readonly #view: DataView

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  take(length: number, code: Code): Uint8Array {
    if (this.at + length > this.bytes.length) no(code)
    this.at += length
    return this.bytes.slice(this.at - length, this.at)
  }

  integer(length: 1 | 2 | 3, code: Code): number {
    this.take(length, code)
    const start = this.at - length
    if (length === 1) return this.#view.getUint8(start)
    const low = this.#view.getUint16(start, true)
    return length === 2 ? low : low + this.#view.getUint8(start + 2) * 0x10000
  }

  /** Consumes integers of these widths and values. */
  expect(code: Code, ...pairs: readonly (readonly [1 | 2 | 3, number])[]): void {
    for (const [width, value] of pairs) {
      if (this.integer(width, 'ERR_NVIDIA_LENGTH') !== value) no(code)
    }
  }
}

/** Reads the report that `bytes` starts with, or throws the code of the first rule broken. */
export function readGpuReport(bytes: Uint8Array): OracleGpuReport {
  if (bytes.length < 45) no('ERR_NVIDIA_LENGTH')
  const cursor = new Cursor(bytes)
  cursor.expect('ERR_NVIDIA_REQUEST', [1, 0x11], [1, 0xe0], [1, 1], [1, 0xff])
  const requestNonce = cursor.take(32, 'ERR_NVIDIA_LENGTH')
  cursor.expect('ERR_NVIDIA_REQUEST', [1, 0])
  cursor.expect('ERR_NVIDIA_RESPONSE', [1, 0x11], [1, 0x60], [1, 0], [1, 0])
  const count = cursor.integer(1, 'ERR_NVIDIA_LENGTH')
  if (count !== 64 && count !== 31) no('ERR_NVIDIA_MEASUREMENTS')
  cursor.expect('ERR_NVIDIA_MEASUREMENTS', [3, count * 55])
  if (bytes.length < 45 + count * 55 + 34) no('ERR_NVIDIA_LENGTH')

  const measurements: Uint8Array[] = []
  for (let index = 1; index <= count; index++) {
    cursor.expect('ERR_NVIDIA_MEASUREMENTS', [1, index], [1, 1], [2, 51], [1, 1], [2, 48])
    measurements.push(cursor.take(48, 'ERR_NVIDIA_LENGTH'))
  }
  const responderNonce = cursor.take(32, 'ERR_NVIDIA_LENGTH')
  const opaque = cursor.take(cursor.integer(2, 'ERR_NVIDIA_LENGTH'), 'ERR_NVIDIA_LENGTH')
  const end = cursor.at
  const signature = cursor.take(96, 'ERR_NVIDIA_LENGTH')
  return {
    kind: count === 64 ? 'gpu' : 'switch',
    requestNonce,
    measurements,
    responderNonce,
    version: hasHeader(opaque) ? 2 : null,
    fields: readFields(count, opaque, end - opaque.length),
    signedBytes: bytes.slice(0, end),
    signature,
    trailingBytes: bytes.length - cursor.at,
  }
}

function hasHeader(opaque: Uint8Array): boolean {
  return opaque.length >= 12 && Buffer.from(opaque.subarray(0, 6)).toString('latin1') === 'NVDAOD'
}

function readFields(blocks: number, opaque: Uint8Array, base: number): OracleField[] {
  if (opaque.length === 0) no('ERR_NVIDIA_OPAQUE')
  const cursor = new Cursor(opaque)
  const typed = hasHeader(opaque)
  if (typed) {
    cursor.take(6, 'ERR_NVIDIA_OPAQUE')
    cursor.expect('ERR_NVIDIA_OPAQUE', [2, 0], [1, 2])
    cursor.take(1, 'ERR_NVIDIA_OPAQUE')
    cursor.expect('ERR_NVIDIA_OPAQUE', [2, 0])
  }
  const fields = new Map<number, OracleField>()
  while (cursor.at < opaque.length) {
    const id = cursor.integer(2, 'ERR_NVIDIA_OPAQUE')
    const valueType = typed ? cursor.integer(2, 'ERR_NVIDIA_OPAQUE') : null
    const value = cursor.take(cursor.integer(2, 'ERR_NVIDIA_OPAQUE'), 'ERR_NVIDIA_OPAQUE')
    if (fields.has(id) || fields.size === 128) no('ERR_NVIDIA_OPAQUE')
    const at = base + cursor.at - value.length
    fields.set(id, { id, valueType, at, value, meaning: undefined })
  }
  return [...fields.values()].map((field) => ({ ...field, meaning: meaningOf(blocks, field) }))
}

/** Fields that are nothing but bytes, and how many. */
const BYTES: Record<number, number> = { 4: 8, 13: 4, 14: 4, 20: 48, 23: 2, 25: 2, 33: 2 }

function meaningOf(blocks: number, { id, value, valueType }: OracleField): unknown {
  const hex = Buffer.from(value).toString('hex')
  const bytes = BYTES[id] ?? (id === 22 ? (blocks === 64 ? 144 : 8) : id === 26 ? 128 : undefined)
  if (bytes !== undefined && value.length !== bytes) no('ERR_NVIDIA_OPAQUE')
  if ([3, 15, 16, 17, 18, 19, 35].includes(id)) return textOf(hex)
  if (id === 6) return blocks === 64 ? versionOf(hex) : switchVersionOf(value)
  if (id === 11 || id === 21) return one({ aa: 'enabled', '55': 'disabled' }, hex)
  if (id === 12) return countersOf(blocks, value)
  if (id === 24 || id === 37) return numberOf(value)
  if (id === 34 && valueType === null) return one({ '0000': 0, '0100': 1 }, hex)
  if (id === 36) return one({ '0000': 'spt', '0100': 'mpt', '0200': 'ppcie' }, hex)
  return hex
}

function one(meanings: Record<string, unknown>, hex: string): unknown {
  return meanings[hex] ?? no('ERR_NVIDIA_OPAQUE')
}

function textOf(hex: string): string {
  const match = /^(?=.{2,160}$)((?:[2-6].|7[0-9a-e])*)(?:00)+$/.exec(hex)
  return match ? Buffer.from(match[1] as string, 'hex').toString() : no('ERR_NVIDIA_OPAQUE')
}

/** The way NVIDIA's tools go: turn the bytes round, take the middle one and what follows it. */
function versionOf(hex: string): string {
  if (!/^.{10}000000$/.test(hex)) no('ERR_NVIDIA_OPAQUE')
  const turned = Buffer.from(hex, 'hex').reverse().toString('hex').toUpperCase().match(/../g) ?? []
  return [...turned.slice(4), turned[3]].join('.')
}

function switchVersionOf(value: Uint8Array): string {
  const version = Buffer.from(value).toString('latin1')
  if (version.length !== 14) no('ERR_NVIDIA_OPAQUE')
  return /^([\dA-F]{2}\.){4}[\dA-F]{2}$/.test(version) ? version : no('ERR_NVIDIA_OPAQUE')
}

function countersOf(blocks: number, value: Uint8Array): number[] {
  if (value.length % 4 !== 0 || value.length > 4 * blocks) no('ERR_NVIDIA_OPAQUE')
  if (blocks === 64 && value.length !== 256) no('ERR_NVIDIA_OPAQUE')
  const view = new DataView(value.buffer, value.byteOffset)
  return Array.from({ length: value.length / 4 }, (_, i) => view.getUint32(4 * i, true))
}

function numberOf(value: Uint8Array): number {
  if (value.length !== 2) no('ERR_NVIDIA_OPAQUE')
  return new DataView(value.buffer, value.byteOffset).getUint16(0, true)
}

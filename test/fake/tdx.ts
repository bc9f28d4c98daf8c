// SPDX-License-Identifier: Apache-2.0
// Mints TDX evidence that is sound in structure and false in everything else: fields are noise, the
// signatures sign nothing, the certificates are none.

import { createHash } from 'node:crypto'

export interface QuoteShape {
  readonly version?: number
  readonly bodyType?: number
  readonly qeAuthData?: Uint8Array
  readonly pckType?: number
  readonly pckData?: Uint8Array
  readonly trailing?: Uint8Array
}

const BODY_LEN: Record<number, number> = { 2: 584, 3: 648, 4: 885 }
const PCK_LEN: Record<number, number> = { 1: 36, 2: 276, 3: 404, 4: 700 }

/** `length` bytes that look random, differ with `seed`, and are the same at every run. */
export function noise(length: number, seed: number): Uint8Array {
  let state = (seed + 1) * 0x9e3779b1
  return Uint8Array.from({ length }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state & 0xff
  })
}

/** Stand-ins for the certificates of a PCK chain. */
export const CHAIN = [noise(1200, 1), noise(670, 2), noise(659, 3)]

/** PEM text of certificates, as quoting libraries write it. */
export function pemChain(ders: readonly Uint8Array[], lineEnd = '\n', last = '\0'): Uint8Array {
  const block = (der: Uint8Array) => {
    const lines = Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) as string[]
    const all = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', '']
    return all.join(lineEnd)
  }
  return new Uint8Array(Buffer.from(ders.map(block).join('') + last, 'latin1'))
}

/** A quote of version 4 or 5 with any TD report body and certification data. */
export function mintQuote(shape: QuoteShape = {}): Uint8Array {
  const version = shape.version ?? 4
  const type = shape.bodyType ?? (version === 4 ? 2 : 3)
  const pckType = shape.pckType ?? 5
  const pckData =
    shape.pckData ?? (pckType === 5 ? pemChain(CHAIN) : noise(PCK_LEN[pckType] as number, 4))
  const auth = shape.qeAuthData ?? noise(32, 5)
  const bodyLength = BODY_LEN[type] as number
  const certification = join(
    qeReport(),
    noise(64, 6),
    u16(auth.length),
    auth,
    u16(pckType),
    u32(pckData.length),
    pckData,
  )
  const signatureData = join(noise(128, 7), u16(6), u32(certification.length), certification)
  return join(
    u16(version),
    u16(2),
    u32(0x81),
    zeros(4),
    Buffer.from('939a7233f79c4ca9940a0db3957f0607', 'hex'),
    noise(20, 8),
    version === 4 ? zeros(0) : join(u16(type), u32(bodyLength)),
    noise(bodyLength, 9),
    u32(signatureData.length),
    signatureData,
    shape.trailing ?? zeros(0),
  )
}

/** A TDREPORT whose hashes are right, which is all that can be right about one. */
export function mintTdReport(version = 0, used: (report: Uint8Array) => void = () => {}) {
  const report = join(
    Uint8Array.of(0x81, 0, version, 0),
    zeros(12),
    noise(16, 10),
    zeros(96),
    noise(64, 11),
    zeros(32),
    noise(32, 12),
    noise(144, 13),
    zeros(112),
    noise(400, 14),
    version === 0 ? zeros(48) : noise(48, 15),
    zeros(64),
  )
  used(report)
  return hashed(report)
}

/** The same TDREPORT with the hashes that its structures have now. */
export function hashed(report: Uint8Array): Uint8Array {
  const sha384 = (bytes: Uint8Array) => createHash('sha384').update(bytes).digest()
  const copy = report.slice()
  copy.set(sha384(report.subarray(256, 495)), 32)
  copy.set(sha384(report.subarray(512, 1024)), 80)
  return copy
}

function qeReport(): Uint8Array {
  return join(
    noise(20, 16),
    zeros(12),
    noise(64, 17),
    zeros(32),
    noise(32, 18),
    zeros(32),
    noise(70, 19),
    zeros(42),
    noise(80, 20),
  )
}

const zeros = (length: number): Uint8Array => new Uint8Array(length)
const u16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >>> 8)
const u32 = (value: number): Uint8Array => join(u16(value & 0xffff), u16(value >>> 16))
const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

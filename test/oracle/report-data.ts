// SPDX-License-Identifier: Apache-2.0
// REPORT_DATA read straight off protocol.md sections 3 and 4 and AEP-83 §4, with node:crypto.

import { createHash } from 'node:crypto'
import type { Claim } from '../../src/core/claims.js'
import type { Code } from '../../src/errors.js'

const sha512 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha512').update(Buffer.concat(parts)).digest()

export const tls = (spki: Uint8Array, nonce: Uint8Array): Buffer => sha512(spki, nonce)

export const bound = (claims: Uint8Array): Buffer =>
  sha512(Buffer.from('assay/report-data/v1\0', 'latin1'), claims)

export const userData = (raw: Uint8Array): Buffer => sha512(raw)

export function batch(size: number, root: Uint8Array): Buffer {
  const count = Buffer.alloc(8)
  count.writeBigUInt64BE(BigInt(size))
  return Buffer.concat([Buffer.from('ASSAYMT1'), count, root])
}

export function encode(claims: readonly Claim[]): Buffer {
  return Buffer.concat(
    claims.flatMap(({ tag, value }) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(value.length)
      return [Buffer.of(tag), length, value]
    }),
  )
}

const LENGTHS: Readonly<Record<number, readonly [least: number, most: number]>> = {
  1: [32, 64],
  2: [1, Number.POSITIVE_INFINITY],
  3: [3, Number.POSITIVE_INFINITY],
  4: [48, 48],
  5: [64, 64],
}

/** Why these claims are refused, or null: the first claim that is wrong, its parts in their order. */
export function refusal(claims: Uint8Array): Code | null {
  const view = new DataView(claims.buffer, claims.byteOffset, claims.byteLength)
  const seen: number[] = []
  for (let at = 0; at < claims.length; ) {
    if (at + 5 > claims.length) return 'ERR_CLAIM_LENGTH'
    const tag = view.getUint8(at)
    const length = view.getUint32(at + 1)
    const limits = LENGTHS[tag]
    if (limits === undefined) return 'ERR_CLAIM_UNKNOWN'
    if (seen.some((earlier) => earlier >= tag)) return 'ERR_CLAIM_ORDER'
    if (at + 5 + length > claims.length) return 'ERR_CLAIM_LENGTH'
    if (length < limits[0] || length > limits[1]) return 'ERR_CLAIM_LENGTH'
    seen.push(tag)
    at += 5 + length
  }
  return seen.includes(1) ? null : 'ERR_CLAIM_NONCE'
}

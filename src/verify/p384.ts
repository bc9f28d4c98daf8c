// SPDX-License-Identifier: Apache-2.0
// The one form in which P-384 keys stand in certificates, and signatures under things of X.509.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { type DerReader, exactly, SEQUENCE } from './der.js'
import { readInteger } from './der-values.js'
import { attempt } from './result.js'

/**
 * Start of the SubjectPublicKeyInfo of a P-384 key: id-ecPublicKey, secp384r1, and a BIT STRING of
 * one uncompressed point (RFC 5480 section 2, SEC 1 section 2.3.3), without the octet that says so.
 */
const HEAD = Uint8Array.of(
  ...[0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01],
  ...[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00],
)
const UNCOMPRESSED = 0x04
const POINT_LEN = 97
/** An octet of the head that no text has and that is rare in certificates. */
const RARE = 0x81
const RARE_AT = HEAD.indexOf(RARE)

/** The point in a SubjectPublicKeyInfo; null when that is not exactly such a key. */
export function p384Point(spki: Bytes): Bytes | null {
  const exact = spki.length === HEAD.length + POINT_LEN && isKeyAt(spki, 0)
  return exact ? spki.subarray(HEAD.length) : null
}

/**
 * The first thing in some bytes that looks like the SubjectPublicKeyInfo of a P-384 key. A guess:
 * whoever uses it compares it with the key that the parser finds.
 */
export function guessP384(bytes: Bytes): Bytes | undefined {
  for (let rare = bytes.indexOf(RARE); rare >= 0; rare = bytes.indexOf(RARE, rare + 1)) {
    const at = rare - RARE_AT
    const end = at + HEAD.length + POINT_LEN
    if (at >= 0 && end <= bytes.length && isKeyAt(bytes, at)) return bytes.slice(at, end)
  }
  return undefined
}

/** Octets of each half of a signature. */
const HALF_LEN = 48

/** r || s of an Ecdsa-Sig-Value (RFC 3279 section 2.2.3); null when that is not exactly one. */
export function p384Signature(der: Bytes): Bytes | null {
  const signature = attempt(() => exactly(der, readSignature))
  return signature instanceof AttestationError ? null : signature
}

function readSignature(reader: DerReader): Bytes | null {
  const halves = reader.inside(SEQUENCE)
  const [r, s] = [readInteger(halves), readInteger(halves)]
  halves.end()
  const signature = new Uint8Array(2 * HALF_LEN)
  for (const [at, padded] of [r, s].entries()) {
    const half = padded[0] === 0 ? padded.subarray(1) : padded
    if (half.length > HALF_LEN) return null
    signature.set(half, (at + 1) * HALF_LEN - half.length)
  }
  return signature
}

function isKeyAt(bytes: Bytes, at: number): boolean {
  return (
    HEAD.every((octet, i) => octet === bytes[at + i]) && bytes[at + HEAD.length] === UNCOMPRESSED
  )
}

// SPDX-License-Identifier: Apache-2.0
// DER of the few things for which no class exists: ECDSA signatures, and what DICE puts into
// certificates.

import type { Bytes } from '../core/private-copy.js'

const INTEGER = 0x02
const SEQUENCE = 0x30
const SIGN_BIT = 0x80

/** One element around others, or around its own content. Up to 255 bytes of it. */
export function tlv(tag: number, ...content: readonly ArrayLike<number>[]): Bytes {
  const body = content.flatMap((part) => Array.from(part))
  const long = body.length >= SIGN_BIT
  return Uint8Array.of(tag, ...(long ? [SIGN_BIT | 1] : []), body.length, ...body)
}

export const sequence = (...content: readonly Uint8Array[]): Bytes => tlv(SEQUENCE, ...content)

/** A number that is not negative, from its big-endian bytes. */
export function integer(bytes: Uint8Array): Bytes {
  const first = bytes.findIndex((octet) => octet !== 0)
  const digits = first < 0 ? Uint8Array.of(0) : bytes.subarray(first)
  return tlv(INTEGER, (digits[0] as number) < SIGN_BIT ? digits : [0, ...digits])
}

/** ECDSA-Sig-Value (RFC 3279) of r || s as WebCrypto gives it. */
export const ecdsaValue = (signature: Uint8Array): Bytes =>
  sequence(
    integer(signature.subarray(0, signature.length / 2)),
    integer(signature.subarray(signature.length / 2)),
  )

// SPDX-License-Identifier: Apache-2.0
// An OCSP request (RFC 6960 section 4.1) for one certificate, with a nonce (RFC 8954).

import { joinBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { fromHex } from '../encoding.js'
import { CONTEXT_2, INTEGER, OCTET_STRING, SEQUENCE } from './der.js'
import { hashesOf } from './ocsp-id.js'
import type { Certificate } from './x509.js'

/** AlgorithmIdentifier of SHA-384, with which NVIDIA's own tools ask. */
const SHA_384 = '300d06096086480165030402020500'
/** The OID of the nonce extension. */
const NONCE = '06092b0601050507300102'
const LONG_LENGTH = 0x80
const SIGN_BIT = 0x80

/** DER. `nonce` has 1 to 32 bytes; as many as it has come back. */
export async function encodeOcspRequest(
  { serial }: Pick<Certificate, 'serial'>,
  issuer: Certificate,
  nonce: Uint8Array,
): Promise<Bytes> {
  const { name, key } = await hashesOf(issuer, 'SHA-384')
  const digits = fromHex(serial, 'serial')
  const id = tlv(
    SEQUENCE,
    fromHex(SHA_384, 'algorithm'),
    tlv(OCTET_STRING, name),
    tlv(OCTET_STRING, key),
    // A positive number whose first bit is set needs a zero before it.
    tlv(INTEGER, new Uint8Array((digits[0] as number) >= SIGN_BIT ? 1 : 0), digits),
  )
  const extension = tlv(
    SEQUENCE,
    fromHex(NONCE, 'OID'),
    tlv(OCTET_STRING, tlv(OCTET_STRING, nonce)),
  )
  const list = tlv(SEQUENCE, tlv(SEQUENCE, id))
  return tlv(SEQUENCE, tlv(SEQUENCE, list, tlv(CONTEXT_2, tlv(SEQUENCE, extension))))
}

/** One element around parts, up to 255 bytes of them: a request of one certificate stays below. */
function tlv(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const content = joinBytes(parts)
  const long = content.length >= LONG_LENGTH ? [LONG_LENGTH | 1] : []
  return joinBytes([Uint8Array.of(tag, ...long, content.length), content])
}

// SPDX-License-Identifier: Apache-2.0
// The frame around everything that is signed in X.509: SEQUENCE { to be signed, algorithm, signature
// } (RFC 5280 sections 4.1.1 and 5.1.1), checked as DER. The typed parser beneath accepts BER and
// ignores what follows, and no signature covers the frame.

import { id_mgf1, id_RSASSA_PSS, id_sha384, RsaSaPssParams } from '@peculiar/asn1-rsa'
import { AsnConvert } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { equalBytes } from '../core/bytes.js'
import { AttestationError } from '../errors.js'
import { ContentCache } from './cache.js'
import type { Bytes } from './pem.js'

const SEQUENCE = 0x30
const BIT_STRING = 0x03
/** Tag, length in two octets: every certificate and CRL of an RSA key is that long. */
const HEADER_LEN = 4
/** How a length says that two octets of it follow. */
const TWO_OCTETS = 0x82
/** The first octet of a BIT STRING that is whole bytes. */
const UNUSED_BITS = Uint8Array.of(0)
const SALT_LENGTH = 48

/** A signed object: the bytes that the signature covers, as received, and the signature. */
export interface Signed {
  readonly tbs: Bytes
  readonly signature: Bytes
  /** Whether it is RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes. */
  readonly pss: boolean
}

/** What the typed parser returns for a certificate or a CRL, under names of our own. */
export interface Parts {
  readonly tbs: Bytes
  /** The algorithm identifier inside the signed part. */
  readonly algorithm: AlgorithmIdentifier
  readonly signature: Bytes
}

export const malformed = (message: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_CERTIFICATE_FORMAT', message, options)

/**
 * Refuses bytes that are not one DER object from the first to the last, before they are parsed.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT`
 */
export function checkLength(der: Bytes): void {
  const length = ((der[2] as number) << 8) | (der[3] as number)
  if (der[0] !== SEQUENCE || der[1] !== TWO_OCTETS || length !== der.length - HEADER_LEN) {
    throw malformed('not one DER SEQUENCE from the first byte to the last')
  }
}

/**
 * Puts the parts together again and refuses bytes that come out different: another encoding of
 * lengths, further elements, unused bits, an outer algorithm unlike the signed inner one.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT`
 */
export function signedParts(der: Bytes, { tbs, algorithm, signature }: Parts): Signed {
  const { encoding, pss } = readAlgorithm(algorithm)
  const parts = [
    tbs,
    encoding,
    header(BIT_STRING, signature.length + UNUSED_BITS.length),
    UNUSED_BITS,
    signature,
  ]
  let at = HEADER_LEN
  for (const part of parts) {
    if (!equalBytes(part, der.subarray(at, at + part.length))) {
      throw malformed('the frame around the signature is not DER')
    }
    at += part.length
  }
  if (at !== der.length) throw malformed('bytes follow the signature')
  return { tbs, signature, pss }
}

function header(tag: number, length: number): Uint8Array {
  return Uint8Array.of(tag, TWO_OCTETS, length >>> 8, length & 0xff)
}

interface Algorithm {
  readonly encoding: Bytes
  readonly pss: boolean
}

const algorithms = new ContentCache<Algorithm>(16)

/** All of AMD's certificates share two encodings of the same parameters: each is decoded once. */
function readAlgorithm(identifier: AlgorithmIdentifier): Algorithm {
  const { algorithm, parameters } = identifier
  const encoding = (): Bytes => new Uint8Array(AsnConvert.serialize(identifier))
  if (algorithm !== id_RSASSA_PSS || !parameters) return { encoding: encoding(), pss: false }
  return algorithms.get(new Uint8Array(parameters), () => ({
    encoding: encoding(),
    pss: isPss(AsnConvert.parse(parameters, RsaSaPssParams)),
  }))
}

function isPss(parameters: RsaSaPssParams): boolean {
  const { hashAlgorithm, maskGenAlgorithm: mask, saltLength, trailerField } = parameters
  return (
    hashAlgorithm.algorithm === id_sha384 &&
    mask.algorithm === id_mgf1 &&
    !!mask.parameters &&
    AsnConvert.parse(mask.parameters, AlgorithmIdentifier).algorithm === id_sha384 &&
    saltLength === SALT_LENGTH &&
    trailerField === 1
  )
}

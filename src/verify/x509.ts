// SPDX-License-Identifier: Apache-2.0
// The view of an X.509 certificate that appraisal needs (RFC 5280): strict, read once per content,
// and with the bytes as received wherever a signature or a key depends on them.

import type { Bytes } from '../core/private-copy.js'
import { toHex } from '../encoding.js'
import { ContentCache } from './cache.js'
import { CONTEXT_0, CONTEXT_3, type DerReader, exactly, malformed, SEQUENCE } from './der.js'
import { readBits, readEitherTime, readInteger, readNumber, readTime } from './der-values.js'
import { openFrame, readAlgorithm, type Signed, skipAlgorithm } from './signed.js'
import {
  type Extensions,
  NO_EXTENSIONS,
  readExtensions,
  USE_EXTENSIONS,
  type Use,
  useOf,
} from './x509-extensions.js'
import { readName } from './x509-name.js'

/** What a chain needs to know of one certificate, be it parsed or carried as constants. */
export interface Identity {
  /** Names as text, most significant first as encoded: `OU=…, C=…, …, CN=…`. */
  readonly subject: string
  readonly issuer: string
  /** Hex without leading zero octets; `00` for zero, which all of AMD's leaves carry. */
  readonly serial: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** DER of SubjectPublicKeyInfo. */
  readonly spki: Bytes
  /** Bits `KEY_CERT_SIGN`, `CRL_SIGN` and others; undefined when the certificate does not say. */
  readonly keyUsage: number | undefined
}

export interface Certificate extends Identity, Signed, Use {
  readonly isP384: boolean
  readonly extensions: Extensions
}

/** The number that version 3 is encoded as. */
const VERSION_3 = 2
/** RFC 5280 section 4.1.2.2; what serials are written into counts on it. */
const SERIAL_OCTETS_MAX = 20
/** AlgorithmIdentifier of a P-384 key: id-ecPublicKey, secp384r1 (RFC 5480 section 2.1.1). */
const P384_ALGORITHM = '301006072a8648ce3d020106052b81040022'

const parsed = new ContentCache<Certificate>(64)
const parsedLeniently = new ContentCache<Certificate>(64)

/**
 * Reads one certificate, X.509 version 3.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT`
 */
export function parseCertificate(der: Bytes): Certificate {
  return parsed.get(der, () => readCertificate(der, USE_EXTENSIONS))
}

/**
 * The same of a certificate that writes dates before 2050 as GeneralizedTime, which RFC 5280 section
 * 4.1.2.5 forbids: NVIDIA's authorities for reference values do.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT`
 */
export function parseRimCertificate(der: Bytes): Certificate {
  return parsedLeniently.get(der, () => readCertificate(der, USE_EXTENSIONS, readEitherTime))
}

/**
 * Reads one that may be critical about `known`, whose reader then looks at all of these; nothing is
 * remembered.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT`
 */
export function readCertificate(
  der: Bytes,
  known: ReadonlySet<string>,
  readDate: (reader: DerReader) => Date = readTime,
): Certificate {
  const frame = openFrame(der)
  const { body } = frame
  if (readVersion(body) !== VERSION_3) throw malformed('X.509 version 3 expected')
  const serial = readSerial(body)
  readAlgorithm(frame)
  const issuer = readName(body)
  const validity = body.inside(SEQUENCE)
  const notBefore = readDate(validity)
  const notAfter = readDate(validity)
  validity.end()
  const subject = readName(body)
  const spki = body.element(SEQUENCE)
  const extensions = body.done ? NO_EXTENSIONS : readAllExtensions(body, known)
  body.end()
  return {
    ...frame.signed,
    subject,
    issuer,
    serial,
    notBefore,
    notAfter,
    spki,
    isP384: exactly(spki, readIsP384),
    ...useOf(extensions),
    extensions,
  }
}

function readVersion(body: DerReader): number {
  const version = body.inside(CONTEXT_0)
  const number = readNumber(version)
  version.end()
  return number
}

/** A serial number as `Identity.serial`. */
export function readSerial(reader: DerReader): string {
  const padded = readInteger(reader)
  const serial = padded[0] === 0 && padded.length > 1 ? padded.subarray(1) : padded
  if (serial.length > SERIAL_OCTETS_MAX) throw malformed('a serial number too large')
  return toHex(serial)
}

function readAllExtensions(body: DerReader, known: ReadonlySet<string>): Extensions {
  const explicit = body.inside(CONTEXT_3)
  const extensions = readExtensions(explicit, known)
  explicit.end()
  return extensions
}

/** Whether it is a P-384 key, as long as it is a SubjectPublicKeyInfo at all. */
function readIsP384(reader: DerReader): boolean {
  const info = reader.inside(SEQUENCE)
  const algorithm = info.element(SEQUENCE)
  exactly(algorithm, skipAlgorithm)
  readBits(info)
  info.end()
  return toHex(algorithm) === P384_ALGORITHM
}

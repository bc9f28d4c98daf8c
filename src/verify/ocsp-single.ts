// SPDX-License-Identifier: Apache-2.0
// The status of one certificate in an OCSP response (RFC 6960 section 4.2.1, SingleResponse).

import type { Bytes } from '../core/private-copy.js'
import {
  CONTEXT_0,
  CONTEXT_1,
  type DerReader,
  ENUMERATED,
  malformed,
  NULL,
  OCTET_STRING,
  SEQUENCE,
} from './der.js'
import { readGeneralizedTime, readOid } from './der-values.js'
import { readSerial } from './x509.js'
import { type Extensions, NO_EXTENSIONS, readExtensions } from './x509-extensions.js'

/** With what the names and keys in a CertID are hashed; as WebCrypto spells it. */
export type OcspHash = 'SHA-1' | 'SHA-256' | 'SHA-384'

/** Which certificate a status is about. */
export interface CertId {
  readonly hash: OcspHash
  readonly issuerNameHash: Bytes
  readonly issuerKeyHash: Bytes
  /** As `Identity.serial`. */
  readonly serial: string
}

export interface CertStatus {
  readonly id: CertId
  /** `hold`: revoked, but it may be taken back (certificateHold). */
  readonly status: 'good' | 'revoked' | 'hold' | 'unknown'
  readonly thisUpdate: Date
  /** When newer information is to be had; null when at any time. */
  readonly nextUpdate: Date | null
}

const HASHES: ReadonlyMap<string, OcspHash> = new Map([
  ['1.3.14.3.2.26', 'SHA-1'],
  ['2.16.840.1.101.3.4.2.1', 'SHA-256'],
  ['2.16.840.1.101.3.4.2.2', 'SHA-384'],
])
/** The nonce extension (RFC 8954). */
export const NONCE = '1.3.6.1.5.5.7.48.1.2'
const KNOWN: ReadonlySet<string> = new Set([NONCE])
const CERTIFICATE_HOLD = 6
// Tags of the choices that are primitive: good and unknown.
const GOOD = 0x80
const UNKNOWN = 0x82

export function readSingle(single: DerReader): CertStatus {
  const id = readCertId(single.inside(SEQUENCE))
  const status = readStatus(single)
  const thisUpdate = readGeneralizedTime(single)
  let nextUpdate: Date | null = null
  if (single.tag === CONTEXT_0) {
    const explicit = single.inside(CONTEXT_0)
    nextUpdate = readGeneralizedTime(explicit)
    explicit.end()
  }
  readOcspExtensions(single)
  single.end()
  return { id, status, thisUpdate, nextUpdate }
}

function readCertId(reader: DerReader): CertId {
  const algorithm = reader.inside(SEQUENCE)
  const hash = HASHES.get(readOid(algorithm))
  if (!algorithm.done) algorithm.inside(NULL).end()
  algorithm.end()
  if (hash === undefined) throw malformed('an unknown hash in a CertID')
  const issuerNameHash = reader.content(OCTET_STRING)
  const issuerKeyHash = reader.content(OCTET_STRING)
  const serial = readSerial(reader)
  reader.end()
  return { hash, issuerNameHash, issuerKeyHash, serial }
}

function readStatus(reader: DerReader): CertStatus['status'] {
  const { tag } = reader
  if (tag === GOOD || tag === UNKNOWN) {
    reader.inside(tag).end()
    return tag === GOOD ? 'good' : 'unknown'
  }
  const revoked = reader.inside(CONTEXT_1)
  readGeneralizedTime(revoked)
  const explicit = revoked.done ? null : revoked.inside(CONTEXT_0)
  const reason = explicit && readEnumerated(explicit)
  explicit?.end()
  revoked.end()
  return reason === CERTIFICATE_HOLD ? 'hold' : 'revoked'
}

/** Extensions of a response or of one status. */
export function readOcspExtensions(reader: DerReader): Extensions {
  if (reader.done) return NO_EXTENSIONS
  const explicit = reader.inside(CONTEXT_1)
  const extensions = readExtensions(explicit, KNOWN)
  explicit.end()
  return extensions
}

/** Of one octet: all that OCSP has. */
export function readEnumerated(reader: DerReader): number {
  const [value, ...more] = reader.content(ENUMERATED)
  if (value === undefined || more.length > 0) throw malformed('an ENUMERATED of one octet expected')
  return value
}

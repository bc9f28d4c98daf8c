// SPDX-License-Identifier: Apache-2.0
// The view of an OCSP response (RFC 6960 section 4.2): strict, read once per content. Who signed it
// is looked at elsewhere.

import type { Bytes } from '../core/private-copy.js'
import { toHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { ContentCache } from './cache.js'
import {
  CONTEXT_0,
  CONTEXT_1,
  CONTEXT_2,
  type DerReader,
  ENUMERATED,
  exactly,
  malformed,
  NULL,
  OCTET_STRING,
  SEQUENCE,
} from './der.js'
import { readGeneralizedTime, readOid } from './der-values.js'
import { readFrame, type Signed } from './signed.js'
import { readSerial } from './x509.js'
import { NO_EXTENSIONS, readExtensions } from './x509-extensions.js'
import { readName } from './x509-name.js'

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

export interface OcspResponse extends Signed {
  /** Who says that it is the responder: a name as `Identity.subject`, or SHA-1 of its key in hex. */
  readonly responder: { readonly name: string } | { readonly keyHash: string }
  readonly statuses: readonly CertStatus[]
  /** What whoever asked had sent along; null without. */
  readonly nonce: Bytes | null
  /** DER; of a delegated responder, and whatever else came. */
  readonly certificates: readonly Bytes[]
}

export const HASHES: ReadonlyMap<string, OcspHash> = new Map([
  ['1.3.14.3.2.26', 'SHA-1'],
  ['2.16.840.1.101.3.4.2.1', 'SHA-256'],
  ['2.16.840.1.101.3.4.2.2', 'SHA-384'],
])
/** Content of the OID of the nonce extension (RFC 8954), and the OID. */
export const NONCE = '1.3.6.1.5.5.7.48.1.2'
const BASIC = '1.3.6.1.5.5.7.48.1.1'
const KNOWN: ReadonlySet<string> = new Set([NONCE])
/** In words, the ways of a responder to say nothing (section 4.2.1). */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [1, 'malformedRequest'],
  [2, 'internalError'],
  [3, 'tryLater'],
  [5, 'sigRequired'],
  [6, 'unauthorized'],
])
const SUCCESSFUL = 0
const CERTIFICATE_HOLD = 6
// Tags of the choices that are primitive: good and unknown.
const GOOD = 0x80
const UNKNOWN = 0x82

const parsed = new ContentCache<OcspResponse>(64)

/**
 * Reads one response, DER.
 *
 * @throws {AttestationError} `ERR_OCSP`; `ERR_OCSP_REFUSED` when the responder gave no status
 */
export function parseOcsp(der: Bytes): OcspResponse {
  return parsed.get(der, () => {
    try {
      return exactly(der, readResponse)
    } catch (cause) {
      if (!(cause instanceof AttestationError) || cause.code === 'ERR_OCSP_REFUSED') throw cause
      throw new AttestationError('ERR_OCSP', `not an OCSP response: ${cause.message}`, { cause })
    }
  })
}

function readResponse(reader: DerReader): OcspResponse {
  const response = reader.inside(SEQUENCE)
  const status = readEnumerated(response)
  if (status !== SUCCESSFUL) {
    const refusal = REFUSALS.get(status)
    if (refusal === undefined) throw malformed('an unknown response status')
    response.end()
    throw new AttestationError('ERR_OCSP_REFUSED', `the OCSP responder answered ${refusal}`)
  }
  const explicit = response.inside(CONTEXT_0)
  const bytes = explicit.inside(SEQUENCE)
  if (readOid(bytes) !== BASIC) throw malformed('a basic OCSP response expected')
  const basic = exactly(bytes.content(OCTET_STRING), (content) => content.inside(SEQUENCE))
  for (const done of [bytes, explicit, response]) done.end()
  return readBasic(basic)
}

function readBasic(basic: DerReader): OcspResponse {
  const { signed, body } = readFrame(basic)
  const certificates: Bytes[] = []
  if (!basic.done) {
    const explicit = basic.inside(CONTEXT_0)
    const list = explicit.inside(SEQUENCE)
    while (!list.done) certificates.push(list.element(SEQUENCE))
    explicit.end()
  }
  basic.end()
  const responder = readResponder(body)
  // producedAt. What counts is when each status was known to be so.
  readGeneralizedTime(body)
  const list = body.inside(SEQUENCE)
  const statuses: CertStatus[] = []
  do statuses.push(readSingle(list.inside(SEQUENCE)))
  while (!list.done)
  const nonce = readAllExtensions(body).get(NONCE)
  body.end()
  return {
    ...signed,
    responder,
    statuses,
    nonce: nonce ? exactly(nonce, (octets) => octets.content(OCTET_STRING)) : null,
    certificates,
  }
}

/** The version, which comes before it, must be absent, being the default. */
function readResponder(body: DerReader): OcspResponse['responder'] {
  if (body.tag === CONTEXT_1) {
    const byName = body.inside(CONTEXT_1)
    const name = readName(byName)
    byName.end()
    return { name }
  }
  const byKey = body.inside(CONTEXT_2)
  const keyHash = toHex(byKey.content(OCTET_STRING))
  byKey.end()
  return { keyHash }
}

function readSingle(single: DerReader): CertStatus {
  const id = readCertId(single.inside(SEQUENCE))
  const status = readStatus(single)
  const thisUpdate = readGeneralizedTime(single)
  let nextUpdate: Date | null = null
  if (single.tag === CONTEXT_0) {
    const explicit = single.inside(CONTEXT_0)
    nextUpdate = readGeneralizedTime(explicit)
    explicit.end()
  }
  readAllExtensions(single)
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

function readAllExtensions(reader: DerReader) {
  if (reader.done) return NO_EXTENSIONS
  const explicit = reader.inside(CONTEXT_1)
  const extensions = readExtensions(explicit, KNOWN)
  explicit.end()
  return extensions
}

/** Of one octet: all that OCSP has. */
function readEnumerated(reader: DerReader): number {
  const [value, ...more] = reader.content(ENUMERATED)
  if (value === undefined || more.length > 0) throw malformed('an ENUMERATED of one octet expected')
  return value
}

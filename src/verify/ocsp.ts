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
  exactly,
  malformed,
  OCTET_STRING,
  SEQUENCE,
} from './der.js'
import { readGeneralizedTime, readOid } from './der-values.js'
import {
  type CertStatus,
  NONCE,
  readEnumerated,
  readOcspExtensions,
  readSingle,
} from './ocsp-single.js'
import { readFrame, type Signed } from './signed.js'
import { readName } from './x509-name.js'

export interface OcspResponse extends Signed {
  /** Who says that it is the responder: a name as `Identity.subject`, or SHA-1 of its key in hex. */
  readonly responder: { readonly name: string } | { readonly keyHash: string }
  readonly statuses: readonly CertStatus[]
  /** What whoever asked had sent along; null without. */
  readonly nonce: Bytes | null
  /** DER; of a delegated responder, and whatever else came. */
  readonly certificates: readonly Bytes[]
}

const BASIC = '1.3.6.1.5.5.7.48.1.1'
/** In words, the ways of a responder to say nothing (section 4.2.1). */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [1, 'malformedRequest'],
  [2, 'internalError'],
  [3, 'tryLater'],
  [5, 'sigRequired'],
  [6, 'unauthorized'],
])
const SUCCESSFUL = 0
/** A responder needs one, and each is looked at. */
const CERTIFICATES_MAX = 8

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
    if (certificates.length > CERTIFICATES_MAX) throw malformed('too many certificates')
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
  const nonce = readOcspExtensions(body).get(NONCE)
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

// SPDX-License-Identifier: Apache-2.0
// The view of a certificate revocation list (RFC 5280 section 5).

import type { Bytes } from '../core/private-copy.js'
import { ContentCache } from './cache.js'
import { CONTEXT_0, type DerReader, exactly, malformed, SEQUENCE } from './der.js'
import { readNumber, readTime } from './der-values.js'
import { openFrame, readAlgorithm, type Signed } from './signed.js'
import { readSerial } from './x509.js'
import { readExtensions } from './x509-extensions.js'
import { readName } from './x509-name.js'

export interface Crl extends Signed {
  readonly issuer: string
  /** CRLNumber; null when the list has none. */
  readonly number: number | null
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  /** Serials of the issuer's certificates that are revoked, as `Identity.serial`. */
  readonly revoked: ReadonlySet<string>
}

/** A delta list or one of narrower scope says so critically, and neither is AMD's. */
const NONE: ReadonlySet<string> = new Set()
const CRL_NUMBER = '2.5.29.20'
/** The number that version 2 is encoded as. */
const VERSION_2 = 1

const parsed = new ContentCache<Crl>(16)

/**
 * Reads one CRL, version 2, complete and direct.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT`
 */
export function parseCrl(der: Bytes): Crl {
  return parsed.get(der, () => readCrl(der))
}

function readCrl(der: Bytes): Crl {
  const frame = openFrame(der)
  const { body } = frame
  if (readNumber(body) !== VERSION_2) throw malformed('a CRL of version 2 expected')
  readAlgorithm(frame)
  const issuer = readName(body)
  const thisUpdate = readTime(body)
  const nextUpdate = readTime(body)
  const revoked = body.tag === SEQUENCE ? readRevoked(body.inside(SEQUENCE)) : new Set<string>()
  const number = body.done ? null : readCrlNumber(body.inside(CONTEXT_0))
  body.end()
  return { ...frame.signed, issuer, number, thisUpdate, nextUpdate, revoked }
}

/** A list of nothing is left out. */
function readRevoked(list: DerReader): ReadonlySet<string> {
  const serials = new Set<string>()
  do {
    const entry = list.inside(SEQUENCE)
    serials.add(readSerial(entry))
    readTime(entry)
    if (!entry.done) readExtensions(entry, NONE)
    entry.end()
  } while (!list.done)
  return serials
}

function readCrlNumber(explicit: DerReader): number | null {
  const number = readExtensions(explicit, NONE).get(CRL_NUMBER)
  explicit.end()
  return number ? exactly(number, readNumber) : null
}

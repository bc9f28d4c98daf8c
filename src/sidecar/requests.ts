// SPDX-License-Identifier: Apache-2.0
// What a client asks: the bodies of `/quote` and `/v1/evidence`, decoded and checked.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { parseJson } from '../evidence/json.js'
import { BINDS, LIMITS } from '../protocol.js'

/** Of `POST /quote` (AEP-83). */
export interface QuoteQuery {
  /** 64 bytes. */
  readonly nonce: Bytes
  readonly bindTls: boolean
}

/** Of `POST /v1/evidence` (assay evidence protocol, section 5). */
export interface EvidenceQuery {
  /** 32 to 64 bytes. */
  readonly nonce: Bytes
  readonly tls: boolean
  readonly hpke: boolean
  readonly userData: Bytes | null
  readonly endorsements: boolean
  readonly batch: boolean
}

type Members = Readonly<Record<string, unknown>>

/**
 * Reads as AEP-83's first sidecar does, so that every client of that one is understood: names in
 * either case, members it does not know ignored, `null` like absence. Base64 is canonical here, and
 * one field under two spellings is refused rather than guessed.
 *
 * @throws {AttestationError} `ERR_REQUEST_BODY`, `ERR_REQUEST_FIELD`, `ERR_REQUEST_NONCE`
 */
export function parseQuoteRequest(body: Buffer): QuoteQuery {
  const members = folded(objectOf(parsed(body.toString())))
  const { nonce, bind_tls: bindTls = false } = members
  return { nonce: nonceOf(nonce, LIMITS.nonceMost), bindTls: boolean(bindTls, 'bind_tls') }
}

/**
 * Strict: every member known, spelled exactly, once.
 *
 * @throws {AttestationError} `ERR_REQUEST_BODY`, `ERR_REQUEST_FIELD`, `ERR_REQUEST_NONCE`
 */
export function parseEvidenceRequest(body: Buffer): EvidenceQuery {
  const members = objectOf(parseJson(body, 'ERR_REQUEST_BODY'))
  const { nonce, bind = [], user_data, endorsements = true, batch = false, ...others } = members
  const [other] = Object.keys(others)
  if (other !== undefined) throw field(`unknown member ${quoted(other)}`)
  const bound = binds(bind)
  return {
    nonce: nonceOf(nonce, LIMITS.nonceLeast),
    tls: bound.has('tls'),
    hpke: bound.has('hpke'),
    userData: user_data === undefined ? null : userData(user_data),
    endorsements: boolean(endorsements, 'endorsements'),
    batch: boolean(batch, 'batch'),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw bodyError('not JSON')
  }
}

function objectOf(value: unknown): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
  throw bodyError('a JSON object expected')
}

/** Members by their lower-case names, without those that are null. */
function folded(members: Members): Members {
  const found: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(members)) {
    const key = name.toLowerCase()
    if (key in found) throw field(`${quoted(key)} stands there in two spellings`)
    if (value !== null) found[key] = value
  }
  return found
}

function nonceOf(value: unknown, least: number): Bytes {
  if (typeof value !== 'string') throw nonceError('"nonce" is missing or no string')
  const bytes = fromCanonical(value)
  if (bytes === null) throw nonceError('"nonce" is not canonical base64')
  if (bytes.length >= least && bytes.length <= LIMITS.nonceMost) return bytes
  const lengths =
    least === LIMITS.nonceMost ? `exactly ${least}` : `${least} to ${LIMITS.nonceMost}`
  throw nonceError(`"nonce" must have ${lengths} bytes, got ${bytes.length}`)
}

function userData(value: unknown): Bytes {
  const bytes = typeof value === 'string' ? fromCanonical(value) : null
  if (bytes === null) throw field('"user_data" is no string of canonical base64')
  if (bytes.length <= LIMITS.userData) return bytes
  throw field(`"user_data" may have ${LIMITS.userData} bytes, got ${bytes.length}`)
}

function binds(value: unknown): ReadonlySet<unknown> {
  const names = new Set<unknown>(Array.isArray(value) ? value : [null])
  const known = [...names].every((name) => (BINDS as readonly unknown[]).includes(name))
  if (known && names.size === (value as unknown[]).length) return names
  throw field(`"bind" is a list of ${BINDS.map(quoted).join(' and ')}, each once`)
}

function boolean(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw field(`"${name}" is true or false`)
}

/** Padded, no white space, no stray bits: what encodes back to the same text. */
function fromCanonical(text: string): Bytes | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : null
}

/** A name of the caller's, cut to a length that suits a line. */
const quoted = (name: string): string => JSON.stringify(name.slice(0, 32))

const bodyError = (message: string) => new AttestationError('ERR_REQUEST_BODY', message)
const field = (message: string) => new AttestationError('ERR_REQUEST_FIELD', message)
const nonceError = (message: string) => new AttestationError('ERR_REQUEST_NONCE', message)

// SPDX-License-Identifier: Apache-2.0
// What every token says about itself: who issued it and when it holds (RFC 7519 section 4.1), for
// whose nonce (RFC 9711 section 4.1).

import { toHex } from '../encoding.js'
import { AttestationError, type Code } from '../errors.js'
import type { Claims } from './jws.js'

/** What a token has to say. */
export interface Expected {
  /** Each exactly as it stands in `iss`. */
  readonly issuers: readonly string[]
  readonly at: Date
}

/** When a token was issued and until when it holds. */
export interface Lifetime {
  readonly issuedAt: Date
  readonly expiresAt: Date
}

/** The clock of an issuer may be ahead of ours by this much; what has expired has expired. */
const LEEWAY_S = 60

/**
 * Issuer and times of a token that is genuine.
 *
 * @throws {AttestationError} `ERR_TOKEN_ISSUER`, `ERR_TOKEN_VALIDITY`, `ERR_TOKEN_CLAIM`
 */
export function checkIssued(claims: Claims, { issuers, at }: Expected): Lifetime {
  if (!issuers.includes(claims.iss as string)) {
    throw wrong('ERR_TOKEN_ISSUER', `"iss" is not ${issuers.join(' or ')}`)
  }
  const now = at.getTime() / 1000
  const [iat, nbf, exp] = [seconds(claims, 'iat'), seconds(claims, 'nbf'), seconds(claims, 'exp')]
  if (Math.max(iat, nbf) > now + LEEWAY_S) {
    throw wrong('ERR_TOKEN_VALIDITY', `valid only from ${iso(Math.max(iat, nbf))} on`)
  }
  if (exp <= now) throw wrong('ERR_TOKEN_VALIDITY', `expired at ${iso(exp)}`)
  return { issuedAt: new Date(iat * 1000), expiresAt: new Date(exp * 1000) }
}

/** The last second that a Date can name, so that no token makes one invalid. */
const SECONDS_MAX = 8.64e12

function seconds(claims: Claims, name: string): number {
  const value = claims[name]
  if (typeof value !== 'number' || !(value >= 0 && value <= SECONDS_MAX)) {
    throw wrong('ERR_TOKEN_CLAIM', `"${name}" is not a time`)
  }
  return value
}

const iso = (time: number): string => new Date(time * 1000).toISOString()

/**
 * The nonce of a token is the one that was sent. Its hex digits may have either case.
 *
 * @throws {AttestationError} `ERR_TOKEN_NONCE`
 */
export function checkNonce({ eat_nonce: said }: Claims, nonce: Uint8Array): void {
  if (typeof said !== 'string') throw wrong('ERR_TOKEN_NONCE', 'no "eat_nonce"')
  if (said.toLowerCase() !== toHex(nonce)) {
    throw wrong('ERR_TOKEN_NONCE', '"eat_nonce" is not the nonce that was sent')
  }
}

/**
 * Claims that have to have one value each; all that do not are named.
 *
 * @throws {AttestationError} `ERR_TOKEN_CLAIM`
 */
export function checkClaims(claims: Claims, required: Claims): void {
  const wanting = Object.keys(required).filter((name) => claims[name] !== required[name])
  if (wanting.length === 0) return
  const said = wanting.map((name) => `${name} is ${brief(claims[name])}`)
  throw wrong('ERR_TOKEN_CLAIM', said.join(', '))
}

/** A value of a claim for people: short ones as they are, of the rest what kind it is. */
export function brief(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return `${value}`
  if (typeof value === 'string' && /^[\w .:+-]{1,64}$/.test(value)) return `"${value}"`
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

/** A claim that has to be text for people: one line, not long. */
export function textClaim(claims: Claims, name: string): string {
  const value = claims[name]
  if (typeof value !== 'string' || !/^[\x20-\x7e]{1,256}$/.test(value)) {
    throw wrong('ERR_TOKEN_CLAIM', `"${name}" is not a line of text`)
  }
  return value
}

const wrong = (code: Code, message: string): AttestationError => new AttestationError(code, message)

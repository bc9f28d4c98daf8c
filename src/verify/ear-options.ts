// SPDX-License-Identifier: Apache-2.0
// The call for an EAR, checked before anything is composed.

import { time, wrong } from './arguments.js'

/**
 * How the claims are named, and the value of `eat_profile`.
 * - `ietf-04`: draft-ietf-rats-ear-04, which rust-ear 0.6 and the newest Trustee and Veraison speak.
 * - `veraison-2023`: the names before that draft, of veraison/ear 1.1 and earlier Trustees.
 *
 * A reader of the one finds no status in the other.
 */
export const EAR_PROFILES = {
  'ietf-04': 'tag:ietf.org,2026:rats/ear#04',
  'veraison-2023': 'tag:github.com,2023:veraison/ear',
} as const

/** Whose claim names an EAR bears; docs/ear.md says who reads which. */
export type EarProfile = keyof typeof EAR_PROFILES

/** What an EAR says besides the result. */
export interface EarOptions {
  readonly profile: EarProfile
  /** Name and version of the software that appraised, such as `assay 0.1.0`. */
  readonly verifierBuild: string
  /** Now, which must be no more than five minutes after the time of the appraisal. */
  readonly issuedAt: Date
  /** When the EAR ceases to count. One that is to be signed must have it. */
  readonly expiresAt?: Date
  /** 8 to 64 bytes of a consumer who asked for this EAR, repeated so that the answer is told. */
  readonly nonce?: Uint8Array
}

const NAMES: readonly string[] = [
  'profile',
  'verifierBuild',
  'issuedAt',
  'expiresAt',
  'nonce',
] satisfies (keyof EarOptions)[]
const MAX_AGE_MS = 5 * 60_000
/** RFC 9711 section 4.1 */
const NONCE_LEN_MIN = 8
const NONCE_LEN_MAX = 64

/**
 * @param evaluatedAt time as of which the result was appraised, ISO 8601
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function checkEarOptions(options: EarOptions, evaluatedAt: string): void {
  if (typeof options !== 'object' || options === null) throw wrong('an options object expected')
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) throw wrong(`unknown option ${JSON.stringify(name)}`)
  }
  const { profile, verifierBuild, issuedAt, expiresAt, nonce } = options
  if (!Object.hasOwn(EAR_PROFILES, profile)) {
    throw wrong(`profile is none of ${Object.keys(EAR_PROFILES).join(', ')}`)
  }
  if (typeof verifierBuild !== 'string' || verifierBuild === '') {
    throw wrong('verifierBuild: a name and a version expected')
  }
  const issued = time(issuedAt, 'issuedAt').getTime()
  if (expiresAt !== undefined && numericDate(expiresAt, 'expiresAt') <= numericDate(issuedAt)) {
    throw wrong('expiresAt is not after issuedAt')
  }
  if (nonce !== undefined) checkNonce(nonce)
  const age = issued - Date.parse(evaluatedAt)
  // Readers take the time of issue for that of the appraisal.
  if (age < 0 || age > MAX_AGE_MS) {
    throw wrong(`an EAR is of now, and this appraisal is as of ${evaluatedAt}`)
  }
}

/**
 * Seconds since 1970, whole, as RFC 9711 section 4.3.1 wants them.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function numericDate(date: Date, name = 'date'): number {
  return Math.floor(time(date, name).getTime() / 1000)
}

function checkNonce(nonce: Uint8Array): void {
  if (!(nonce instanceof Uint8Array)) throw wrong('nonce is not a Uint8Array')
  const { length } = nonce
  if (length >= NONCE_LEN_MIN && length <= NONCE_LEN_MAX) return
  throw wrong(`nonce of ${NONCE_LEN_MIN} to ${NONCE_LEN_MAX} bytes expected, got ${length}`)
}

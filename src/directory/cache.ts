// SPDX-License-Identifier: Apache-2.0
// What caches are told: how long an answer is good for, and whether the one they hold still is.

/** How long answers are good for, in the words of `Cache-Control` (RFC 9111, RFC 5861, RFC 8246). */
export interface CachePolicy {
  /** Of leases, while the source is connected. */
  readonly fresh: string
  /** Of leases, while it is not. */
  readonly stale: string
  /** Of what is not there. */
  readonly absent: string
}

/** Of what is named by its digest: it is what it is. */
export const IMMUTABLE = 'public, max-age=31536000, immutable'
/** Of refusals, of what is true now, and of what a proxy must not hold back. */
export const UNCACHED = 'no-store'
/** Of what changes with the program only. */
export const HOURLY = 'public, max-age=3600'

export const MAX_AGE_S = 30
export const MOST_MAX_AGE_S = 86_400

/**
 * While the source is cut off, an answer is the last that was known. It is still sent, and for a
 * shorter time, so that caches are soon right when it is back. The time is not zero: then every
 * request of every tenant would come through to the directory just when something is broken.
 */
const STALE_S = 5
/** Another one than fresh answers have, whatever their time is: by it the two are told apart. */
const STALE_REVALIDATE_S = 15
/** A lease may come into being any moment, and nobody is to wait for a cache to notice. */
const ABSENT_S = 5
/** For so many times as long, a cache may ask for the next one behind the back of its client. */
const REVALIDATE = 2
/** Longer than any outage should last. What is wrong by then is found out by attestation. */
const ERROR_S = 86_400

export function cachePolicy(maxAgeS = MAX_AGE_S): CachePolicy {
  return {
    fresh: lasting(maxAgeS, REVALIDATE * maxAgeS),
    stale: lasting(Math.min(maxAgeS, STALE_S), STALE_REVALIDATE_S),
    absent: `public, max-age=${Math.min(maxAgeS, ABSENT_S)}`,
  }
}

const lasting = (seconds: number, revalidate: number): string =>
  `public, max-age=${seconds}, stale-while-revalidate=${revalidate}, stale-if-error=${ERROR_S}`

/** Without the `W/` of a weak one. */
const OPAQUE_TAG = /"[\x21\x23-\x7e\x80-\xff]*"/g

/**
 * Whether `If-None-Match` names this tag (RFC 9110 section 13.1.2). Weak ones count: a proxy that
 * compresses makes them of ours.
 */
export function namesTag(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag || ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.match(OPAQUE_TAG)?.some((tag) => tag === etag) ?? false
}

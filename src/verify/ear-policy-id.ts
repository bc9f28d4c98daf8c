// SPDX-License-Identifier: Apache-2.0
// The identifier of a policy: a digest of its canonical JSON, which anybody can compute again.

import * as base64url from 'jose/base64url'
import { sha384 } from '../core/sha2.js'

/**
 * `ni:///sha-384;…` (RFC 6920) over the JSON of a document in the canonical form of RFC 8785:
 * members sorted, no white space.
 *
 * @param document JSON-ready, its numbers integers
 */
export function policyId(document: unknown): string {
  const text = JSON.stringify(document, (_, value: unknown) => sorted(value))
  return `ni:///sha-384;${base64url.encode(sha384(new TextEncoder().encode(text)))}`
}

/** JavaScript compares strings by UTF-16 code units, as RFC 8785 section 3.2.3 asks. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

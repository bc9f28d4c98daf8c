// SPDX-License-Identifier: Apache-2.0
// One answer of an Attester: tells the two formats apart, and reads each by its own schema.

import { FORMAT_PREFIX } from '../protocol.js'
import { readAep83 } from './aep83.js'
import { parseJson } from './json.js'
import type { Place } from './schema.js'
import type { Evidence } from './types.js'
import { readV1 } from './v1.js'

/**
 * Reads `assay.evidence.v1` or an answer of AEP-83's `POST /quote`.
 *
 * @param document JSON, as text or as its bytes in UTF-8
 * @throws {AttestationError} `ERR_EVIDENCE_FORMAT`; an `ERR_NVIDIA_…` code where joined GPU evidence
 * of AEP-83 cannot be taken apart
 */
export function parseEvidence(document: string | Uint8Array): Evidence {
  const place: Place = { code: 'ERR_EVIDENCE_FORMAT', within: '' }
  return readEvidence(parseJson(document, place.code), place)
}

/** @throws {AttestationError} as `parseEvidence`, with `place.code` */
export function readEvidence(value: unknown, place: Place): Evidence {
  // A format of ours that this version does not know must not pass for AEP-83, which has none.
  return formatOf(value).startsWith(FORMAT_PREFIX) ? readV1(value, place) : readAep83(value, place)
}

/** What the document says it is; empty when it does not. */
export function formatOf(value: unknown): string {
  const format: unknown = (value as { format?: unknown } | null)?.format
  return typeof format === 'string' ? format : ''
}

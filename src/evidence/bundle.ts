// SPDX-License-Identifier: Apache-2.0
// Files of evidence: an answer as it came, or `assay.bundle.v1`, which keeps with it what an
// appraisal needs later.

import * as v from 'valibot'
import { toBase64 } from '../encoding.js'
import { FORMATS, LIMITS } from '../protocol.js'
import { formatOf, readEvidence } from './answer.js'
import { parseJson } from './json.js'
import { bytes, list, type Place, read } from './schema.js'
import type { EvidenceFile } from './types.js'

/** Around an answer that is read by its own schema. */
export const BUNDLE = v.strictObject({
  format: v.literal(FORMATS.bundle),
  nonce: v.exactOptional(bytes(LIMITS.nonceLeast, LIMITS.nonceMost)),
  tls_spki: v.exactOptional(bytes(1, LIMITS.spki)),
  user_data: v.exactOptional(bytes(0, LIMITS.userData)),
  evidence: v.unknown(),
  endorsements: list(bytes(1, LIMITS.endorsement), LIMITS.endorsements),
  rims: v.exactOptional(list(bytes(1, LIMITS.endorsement), LIMITS.endorsements)),
  ocsp: v.exactOptional(list(bytes(1, LIMITS.endorsement), LIMITS.ocspResponses)),
})

/** What goes into a bundle. */
export interface BundleContent {
  /** The answer as it was parsed from JSON, every member kept. */
  readonly answer: unknown
  /** That the answer was asked for with, 32 to 64 bytes; null when that is not known. */
  readonly nonce: Uint8Array | null
  /** DER key of the TLS connection that carried it; null when that is not known. */
  readonly channelSpki: Uint8Array | null
  /** That it was asked to bind; null or absent when there was none, or that is not known. */
  readonly userData?: Uint8Array | null
  /** Certificates and CRLs, DER or PEM. */
  readonly endorsements: readonly Uint8Array[]
  /** Of GPUs: XML documents; absent like an empty list. */
  readonly rims?: readonly Uint8Array[]
  /** Of GPUs and of those who sign their RIMs, DER; absent like an empty list. */
  readonly ocspResponses?: readonly Uint8Array[]
}

const NOTHING_STATED = { nonce: null, channelSpki: null, userData: null }
const NOTHING_ADDED = { endorsements: [], rims: [], ocspResponses: [] }

const FILE: Place = { code: 'ERR_FILE_FORMAT', within: '' }

/**
 * Reads a file of evidence: a bundle, or a bare answer.
 *
 * @param document JSON, as text or as its bytes in UTF-8
 * @throws {AttestationError} `ERR_FILE_FORMAT`; an `ERR_NVIDIA_…` code where joined GPU evidence of
 * AEP-83 cannot be taken apart
 */
export function parseEvidenceFile(document: string | Uint8Array): EvidenceFile {
  return readFile(document, FILE)
}

/** The same, under the code of another reader. */
export function readFile(document: string | Uint8Array, place: Place): EvidenceFile {
  const value = parseJson(document, place.code)
  if (formatOf(value) !== FORMATS.bundle) {
    const evidence = readEvidence(value, place)
    return { evidence, answer: value, ...NOTHING_STATED, ...NOTHING_ADDED }
  }
  const bundle = read(BUNDLE, value, place)
  const { nonce, tls_spki, user_data, evidence: answer, endorsements } = bundle
  return {
    evidence: readEvidence(answer, { ...place, within: 'evidence.' }),
    answer,
    nonce: nonce ?? null,
    channelSpki: tls_spki ?? null,
    userData: user_data ?? null,
    endorsements,
    rims: bundle.rims ?? [],
    ocspResponses: bundle.ocsp ?? [],
  }
}

/**
 * Writes a bundle: the same content gives the same text. What could not be read back is refused.
 *
 * @throws {AttestationError} as `parseEvidenceFile`
 */
export function encodeBundle(content: BundleContent): string {
  const {
    answer,
    nonce,
    channelSpki,
    userData,
    endorsements,
    rims = [],
    ocspResponses = [],
  } = content
  const bundle = {
    format: FORMATS.bundle,
    ...(nonce && { nonce: toBase64(nonce) }),
    ...(channelSpki && { tls_spki: toBase64(channelSpki) }),
    ...(userData && { user_data: toBase64(userData) }),
    evidence: answer,
    endorsements: endorsements.map(toBase64),
    ...(rims.length > 0 && { rims: rims.map(toBase64) }),
    ...(ocspResponses.length > 0 && { ocsp: ocspResponses.map(toBase64) }),
  }
  const text = `${JSON.stringify(bundle, null, 2)}\n`
  parseEvidenceFile(text)
  return text
}

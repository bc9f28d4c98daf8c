// SPDX-License-Identifier: Apache-2.0
// `assay.evidence.v1` (assay evidence protocol, section 5): what `POST /v1/evidence` answers.

import * as v from 'valibot'
import { type EvidenceAnswer, FORMATS, LIMITS, TEES } from '../protocol.js'
import { checkIndices } from './gpus.js'
import { bytes, integer, list, malformed, type Place, read } from './schema.js'
import type { BatchProof, Evidence } from './types.js'

const PATH = list(bytes(LIMITS.hash, LIMITS.hash), LIMITS.pathSteps)

/** Closed: a member that this version does not know would be evidence that nobody looked at. */
export const EVIDENCE_V1 = v.strictObject({
  format: v.literal(FORMATS.evidence),
  tee: v.picklist(TEES),
  report: bytes(1, LIMITS.report),
  endorsements: list(bytes(1, LIMITS.endorsement), LIMITS.endorsements),
  auxblob: bytes(0, LIMITS.auxblob),
  gpus: list(
    v.strictObject({
      index: integer(0, 0xffffffff),
      evidence: bytes(1, LIMITS.gpuEvidence),
      cert_chain: bytes(0, LIMITS.gpuCertChain),
    }),
    LIMITS.gpus,
  ),
  claims: v.strictObject({
    tls_spki: v.exactOptional(bytes(1, LIMITS.spki)),
    hpke: v.exactOptional(bytes(LIMITS.hpkeLeast, LIMITS.hpke)),
    user_data: v.exactOptional(bytes(0, LIMITS.userData)),
  }),
  batch: v.exactOptional(
    v.strictObject({
      size: integer(1, LIMITS.treeSize),
      index: integer(0, LIMITS.treeSize - 1),
      claim_path: PATH,
      nonce_path: v.exactOptional(PATH),
    }),
  ),
}) satisfies v.GenericSchema<EvidenceAnswer, unknown>

/** @throws {AttestationError} `place.code` */
export function readV1(value: unknown, place: Place): Evidence {
  const { tee, report, endorsements, auxblob, gpus, claims, batch } = read(
    EVIDENCE_V1,
    value,
    place,
  )
  // An array is an object to valibot, and the one object that may be empty would read it as such.
  if (Array.isArray((value as Record<string, unknown>).claims)) {
    throw malformed(place, 'claims', 'Object expected')
  }
  checkIndices(gpus, (at) => malformed(place, `gpus[${at}].index`, 'ascending order expected'))
  return {
    tee,
    mode: batch ? 'batch' : 'bound',
    report,
    endorsements,
    auxblob,
    gpus: gpus.map(({ index, evidence, cert_chain }) => ({
      index,
      evidence,
      certChain: cert_chain,
    })),
    claims: {
      tlsSpki: claims.tls_spki ?? null,
      hpke: claims.hpke ?? null,
      userData: claims.user_data ?? null,
    },
    batch: batch ? readBatch(batch, gpus.length > 0, place) : null,
  }
}

type Batch = NonNullable<v.InferOutput<typeof EVIDENCE_V1>['batch']>

/** The nonce tree is what GPUs are asked with, so a path in it stands with GPUs and only there. */
function readBatch(
  { size, index, claim_path, nonce_path }: Batch,
  gpus: boolean,
  place: Place,
): BatchProof {
  if (index >= size) throw malformed(place, 'batch.index', `below ${size} expected, got ${index}`)
  if (gpus !== (nonce_path !== undefined)) {
    throw malformed(place, 'batch.nonce_path', gpus ? 'missing' : 'no such member without GPUs')
  }
  return { size, index, claimPath: claim_path, noncePath: nonce_path ?? null }
}

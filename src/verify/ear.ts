// SPDX-License-Identifier: Apache-2.0
// An Attestation Result as an EAR (EAT Attestation Result), for consumers that speak RATS. Only who
// appraised evidence for itself has one to give: no service of ours makes any.

import * as base64url from 'jose/base64url'
import { fromHex } from '../encoding.js'
import type { Plain } from '../plain.js'
import {
  checkEarOptions,
  EAR_PROFILES,
  type EarOptions,
  type EarProfile,
  numericDate,
} from './ear-options.js'
import { policyId } from './ear-policy-id.js'
import { statusOf, trustVector } from './ear-vector.js'
import type { AttestationResult } from './result.js'

type Claims = { readonly [name: string]: Plain }

/** The claims set of an EAR, JSON-ready. */
export type EarClaims = Claims

/** Label of the attester, as Trustee names it. */
const LABEL = 'cpu0'
const DEVELOPER = 'assay'

/** What is appraised of one attester, whatever the names. */
interface Appraisal {
  readonly status: string
  readonly vector: Claims
  readonly policy: string
  /** The nonce of the evidence, once REPORT_DATA was found to carry it. */
  readonly nonce: string | null
  /** What the evidence says; null when it could not be read. */
  readonly report: Claims | null
  /** What we say about it. */
  readonly ours: Claims
}

interface Shape {
  readonly verifierId: string
  /** Claims about the whole that are its one attester's. */
  whole(appraisal: Appraisal): Claims
  submodule(appraisal: Appraisal): Claims
}

const SHAPES: Record<EarProfile, Shape> = {
  'ietf-04': {
    verifierId: 'ear_verifier_id',
    whole: ({ status }) => ({ ear_status: status }),
    submodule: ({ status, vector, policy, nonce, report, ours }) => ({
      ear_status: status,
      ear_trustworthiness_vector: vector,
      ear_appraisal_policy_ids: [policy],
      ...(nonce && { eat_nonce: base64url.encode(fromHex(nonce, 'nonce')) }),
      ...(report && { ear_attester_claims: { tee: 'snp', claims: report, ...guestData(report) } }),
      ear_verifier_claims: { assay: ours },
    }),
  },
  'veraison-2023': {
    verifierId: 'ear.verifier-id',
    whole: () => ({}),
    submodule: ({ status, vector, policy, report, ours }) => ({
      'ear.status': status,
      'ear.trustworthiness-vector': vector,
      'ear.appraisal-policy-id': policy,
      ...(report && { 'ear.veraison.annotated-evidence': { snp: report, ...guestData(report) } }),
      'ear.veraison.policy-claims': { assay: ours },
    }),
  },
}

/**
 * The claims set of an EAR with one submodule, `cpu0`. Its status is never better than the verdict;
 * docs/ear.md says what each finding comes to.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`; also for an appraisal as of another time than now,
 *   because an EAR is read as what holds when it is issued
 */
export function earClaims(result: AttestationResult, options: EarOptions): EarClaims {
  checkEarOptions(options, result.evaluatedAt)
  const { profile, verifierBuild, issuedAt, expiresAt, nonce } = options
  const shape = SHAPES[profile]
  const appraisal = appraisalOf(result)
  return {
    eat_profile: EAR_PROFILES[profile],
    iat: numericDate(issuedAt),
    ...(expiresAt && { exp: numericDate(expiresAt) }),
    ...(nonce && { eat_nonce: base64url.encode(nonce) }),
    [shape.verifierId]: { developer: DEVELOPER, build: verifierBuild },
    ...shape.whole(appraisal),
    submods: { [LABEL]: shape.submodule(appraisal) },
  }
}

/** The claims set as a JSON document. Nothing in it proves who wrote it. */
export const encodeEar = (claims: EarClaims): string => JSON.stringify(claims, null, 2)

function appraisalOf(result: AttestationResult): Appraisal {
  const { findings, claims, policy, evaluatedAt } = result
  const vector = trustVector(result)
  const { endorsementKey = null, root = null, crls = [] } = claims.snp ?? {}
  return {
    status: statusOf(result.result, vector),
    vector: { ...vector },
    policy: policyId(policy),
    nonce: claims.binding.nonce ?? null,
    report: claims.snp?.report ?? null,
    ours: copy({
      result: result.result,
      evaluatedAt,
      findings,
      policy,
      endorsementKey,
      root,
      // Without the serials, which are many; a token has to fit into a header.
      crls: crls.map(({ number, thisUpdate, nextUpdate }) => ({ number, thisUpdate, nextUpdate })),
      binding: claims.binding,
    }),
  }
}

/** What Trustee puts beside the report: REPORT_DATA, and as init data HOST_DATA, in hex. */
const guestData = ({ reportData = null, hostData = null }: Claims): Claims => ({
  report_data: reportData,
  init_data: hostData,
})

/** A result is JSON-ready; what we hand out shares nothing with it. */
const copy = (value: object): Claims => JSON.parse(JSON.stringify(value)) as Claims

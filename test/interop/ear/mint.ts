// SPDX-License-Identifier: Apache-2.0
// EARs of every status, in every form, with what a reader must find in them.

import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { earClaims, encodeEar } from '../../../src/verify/ear.js'
import type { EarProfile } from '../../../src/verify/ear-options.js'
import { policyId } from '../../../src/verify/ear-policy-id.js'
import { signEar } from '../../../src/verify/ear-sign.js'
import { statusOf, trustVector } from '../../../src/verify/ear-vector.js'
import type { AttestationResult } from '../../../src/verify/result.js'
import { type Outcomes, resultOf } from '../../verify/ear-results.js'

/** One EAR, and what it says. */
export interface Sample {
  readonly title: string
  /** A JSON document, or a compact JWS. */
  readonly text: string
  /** Public key of a JWS; null for a document. */
  readonly key: JWK | null
  readonly algorithm: string | null
  /** Whether a reader must refuse it. */
  readonly forged: boolean
  readonly status: string
  readonly vector: Readonly<Record<string, number>>
  readonly policy: string
  /** The claims set as JSON. */
  readonly claims: string
}

const KINDS: Readonly<Record<string, Outcomes>> = {
  affirming: {},
  warning: { 'snp.measurement': 'any', 'snp.revocation': 'any' },
  none: { 'snp.signature': 'unknown', 'snp.chain': 'unknown', 'snp.revocation': 'unknown' },
  contraindicated: { 'snp.debug': 'fail', 'snp.minimum-tcb.reported': 'fail' },
  'contraindicated, forged evidence': { 'snp.signature': 'fail' },
}

const ALGORITHMS = ['ES256', 'ES384', 'EdDSA']

/** Samples of one profile, valid for the next minute. */
export async function samples(profile: EarProfile): Promise<Sample[]> {
  const now = new Date()
  const kinds = Object.entries(KINDS).map(async ([kind, outcomes]) => {
    const result = { ...resultOf(outcomes), evaluatedAt: now.toISOString() }
    return forms(kind, result, profile, now)
  })
  return (await Promise.all(kinds)).flat()
}

async function forms(
  kind: string,
  result: AttestationResult,
  profile: EarProfile,
  now: Date,
): Promise<Sample[]> {
  const claims = earClaims(result, {
    profile,
    verifierBuild: 'assay 0.0.0-interop',
    issuedAt: now,
    expiresAt: new Date(now.getTime() + 60_000),
    nonce: crypto.getRandomValues(new Uint8Array(32)),
  })
  const vector = trustVector(result)
  const said = {
    status: statusOf(result.result, vector),
    vector,
    policy: policyId(result.policy),
    claims: encodeEar(claims),
    forged: false,
  }
  const document: Sample = {
    ...said,
    title: `${kind}, document`,
    text: said.claims,
    key: null,
    algorithm: null,
  }
  const tokens = ALGORITHMS.map(async (algorithm): Promise<Sample[]> => {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
    const other = await generateKeyPair(algorithm, { extractable: true })
    const text = await signEar(claims, privateKey, 'interop')
    const token = { ...said, text, algorithm, title: `${kind}, ${algorithm}` }
    return [
      { ...token, key: await exportJWK(publicKey) },
      {
        ...token,
        key: await exportJWK(other.publicKey),
        forged: true,
        title: `${token.title}, key of somebody else`,
      },
    ]
  })
  return [document, ...(await Promise.all(tokens)).flat()]
}

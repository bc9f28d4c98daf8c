// SPDX-License-Identifier: Apache-2.0
// Evidence in a file → what a policy can be made from: the report, and what its chain proves.

import { parseSnpReport } from '../core/snp.js'
import { AttestationError, CODES } from '../errors.js'
import { type EvidenceFile, parseEvidenceFile, rawEvidence } from '../evidence.js'
import { type AttestationResult, appraise, authenticity, type PolicySeed } from '../verify/index.js'
import { isDocument } from './evidence-kind.js'

/** Contents of files, and the time to appraise them as of. */
export interface Given {
  readonly file: Uint8Array
  readonly endorsements: readonly Uint8Array[]
  readonly roots: readonly Uint8Array[]
  readonly at: Date
}

/** What a policy is made from, and the first reason why the evidence is not verified, if it is not. */
export interface Seed extends Omit<PolicySeed, 'name'> {
  readonly doubt: string | null
}

/**
 * Reads and appraises the evidence. What is rejected as evidence is nothing to start from.
 *
 * @throws {AttestationError} the code of the check that failed, or of what cannot be read
 */
export async function readSeed(given: Given): Promise<Seed> {
  const { evidence, endorsements } = open(given.file)
  // Without the nonce nothing shows what is bound, of which the new policy decides.
  const builtIn = authenticity()
  const result = await appraise({
    evidence,
    challenge: null,
    endorsements: [...endorsements, ...given.endorsements],
    roots: given.roots,
    at: given.at,
    policy: { ...builtIn, gpus: { ...builtIn.gpus, binding: 'any' } },
  })
  refuseForged(result)
  const key = result.claims.snp?.endorsementKey
  const { report, mode, claims } = evidence
  const doubt = result.findings.find(({ outcome }) => outcome !== 'pass')
  return {
    report: parseSnpReport(report),
    product: key?.product ?? null,
    kind: key?.kind ?? null,
    cspId: key?.cspId ?? null,
    mode,
    binds: {
      tlsKey: claims.tlsSpki !== null,
      hpkeKey: claims.hpke !== null,
      userData: claims.userData !== null,
    },
    gpus: result.claims.gpus.map((gpu) => ({
      ...gpu,
      genuine: gpu.root.origin === 'vendor',
      protectedPcie: gpu.mode === 'ppcie',
    })),
    verdict: result.result,
    doubt: doubt ? `${doubt.check}: ${doubt.code}: ${doubt.detail}` : null,
  }
}

/** A bare report answers its nonce as it is; a document says how it was asked for. */
function open(file: Uint8Array): Pick<EvidenceFile, 'evidence' | 'endorsements'> {
  if (!isDocument(file)) {
    return { evidence: rawEvidence('snp', file), endorsements: [] }
  }
  const opened = parseEvidenceFile(file)
  const { tee } = opened.evidence
  if (tee === 'snp') return opened
  throw new AttestationError('ERR_EVIDENCE_UNKNOWN', `SNP evidence expected, got ${tee}`)
}

/** What the built-in policy objects to is for the new policy to say. */
function refuseForged({ findings }: AttestationResult): void {
  for (const { check, outcome, code, detail } of findings) {
    if (outcome === 'fail' && CODES[code] !== 'policy') {
      throw new AttestationError(
        code,
        `no policy starts from rejected evidence: ${check}: ${detail}`,
      )
    }
  }
}

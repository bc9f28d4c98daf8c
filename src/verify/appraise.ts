// SPDX-License-Identifier: Apache-2.0
// Evidence, endorsements and a policy → an Attestation Result (RFC 9334).

import { checkBinding } from './binding.js'
import { bindingClaims } from './binding-claims.js'
import type { SnpClaims } from './claims.js'
import { checkGpuBinding } from './gpu-binding.js'
import { expectedGpuNonce } from './gpu-nonce.js'
import { type AppraisedGpus, judgeGpus } from './gpus.js'
import { type Appraisal, type CheckedAppraisal, checkAppraisal } from './options.js'
import {
  AppraisalError,
  type AttestationResult,
  conclude,
  type Finding,
  type Problem,
  unknown,
} from './result.js'
import { appraiseSnp } from './snp.js'

/**
 * Decides on evidence as of `at`: its structure and signature, the chain of the key that signed it,
 * revocation, the agreement of certificate and report, what REPORT_DATA binds, and everything that
 * the policy asks. Every check that can be made is made and reported, also after one has failed.
 * Only an `endorser` fetches anything. Bad evidence and bad endorsements are findings; only a wrong
 * call rejects the promise.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`, `ERR_REPORT_DATA_LENGTH`, `ERR_POLICY_DOCUMENT`
 */
export async function appraise(options: Appraisal): Promise<AttestationResult> {
  const asked = checkAppraisal(options)
  const [cpu, gpus] = await Promise.all([
    asked.evidence.tee === 'snp' ? appraiseSnp(asked) : unsupportedTdx(asked),
    appraiseGpus(asked),
  ])
  const findings = [...cpu.findings, ...gpus.findings, ...bindingOfGpus(asked, cpu.findings)]
  return {
    result: conclude(findings),
    findings,
    claims: {
      snp: cpu.claims,
      tdx: null,
      gpus: gpus.claims,
      binding: await bindingClaims(asked, findings),
    },
    policy: asked.policy,
    evaluatedAt: asked.at.toISOString(),
  }
}

function appraiseGpus(asked: CheckedAppraisal): Promise<AppraisedGpus> {
  const { gpus } = asked.evidence
  return judgeGpus({
    ...asked,
    gpus,
    nonce: gpus.length > 0 ? expectedGpuNonce(asked) : null,
    challenged: asked.challenge !== null,
  })
}

/** Only a policy that judges GPUs asks whether the CPU vouches for them. */
function bindingOfGpus(asked: CheckedAppraisal, cpu: readonly Finding[]): Finding[] {
  const { gpus } = asked.policy
  if (asked.evidence.gpus.length === 0 || gpus === undefined || gpus === 'any') return []
  return gpus.binding === 'require' ? [checkGpuBinding(asked, cpu)] : []
}

/**
 * The claims of evidence that is `verified`, for callers who want nothing else: a result that is
 * not cannot be overlooked, because it is thrown.
 *
 * @throws {AppraisalError} with the code of the first finding that stands in the way, and the whole
 * result attached
 * @throws {AttestationError} what `appraise` throws
 */
export async function verify(options: Appraisal): Promise<AttestationResult['claims']> {
  const result = await appraise(options)
  if (result.result === 'verified') return result.claims
  throw new AppraisalError(result)
}

function unsupportedTdx(asked: CheckedAppraisal): {
  findings: Finding[]
  claims: SnpClaims | null
} {
  const detail = 'this version of assay does not appraise TDX quotes'
  const quote = unknown('tdx.quote', 'ERR_UNSUPPORTED', detail)
  return { findings: [quote, ...checkBinding(asked, quote as Problem)], claims: null }
}

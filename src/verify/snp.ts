// SPDX-License-Identifier: Apache-2.0
// The appraisal of one SNP report, from the call to the result.

import { parseSnpReport, type SnpReport } from '../core/snp.js'
import { toHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { findPath, type Known } from './chain.js'
import { claimsOf } from './claims.js'
import { openAll, sort } from './endorsements.js'
import { type CheckedAppraisal, checkAppraisal, type SnpAppraisal } from './options.js'
import { authenticity } from './policy.js'
import { type AttestationResult, attempt, conclude, type Problem, SNP_CHECKS } from './result.js'
import { type Case, findingsOf } from './snp-findings.js'
import { ReportSignature } from './snp-signature.js'
import { chooseVek } from './vek.js'

/**
 * Decides on one SNP report as of `at`: structure, signature, the chain of its VCEK or VLEK to a
 * trusted root, revocation as far as CRLs are presented, the agreement of certificate and report,
 * and what the policy asks. Every check that can be made is made and reported. Nothing is fetched.
 * Bad evidence and bad endorsements are findings; only a wrong call rejects the promise.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`, `ERR_REPORT_DATA_LENGTH`
 */
export async function appraiseSnp(options: SnpAppraisal): Promise<AttestationResult> {
  const asked = checkAppraisal(options)
  const gathered = await gather(asked)
  const [findings, claims] = await Promise.all([findingsOf(gathered), claimsOf(gathered)])
  const inOrder = SNP_CHECKS.flatMap((name) => findings.filter(({ check }) => check === name))
  const policy = authenticity()
  const reportData = asked.reportData ? toHex(asked.reportData) : 'any'
  return {
    result: conclude(inOrder),
    findings: inOrder,
    claims: { snp: claims, tdx: null, gpus: [], binding: {} },
    policy: { ...policy, snp: { ...policy.snp, reportData } },
    evaluatedAt: asked.at.toISOString(),
  }
}

/** Reads everything and finds the path of the key. */
async function gather(asked: CheckedAppraisal): Promise<Case> {
  const parsed = attempt(() => parseSnpReport(asked.report))
  const report = parsed instanceof AttestationError ? null : parsed
  const signature = report && new ReportSignature(report)
  await signature?.start(asked.endorsements)
  const presented = await sort(openAll(asked.endorsements))
  const vek = chooseVek(presented.veks, report, asked.at)
  // In PEM a key cannot be guessed.
  if (vek) signature?.under(vek.certificate.spki)
  const known: Known = { roots: asked.roots, presented: presented.others }
  return {
    asked,
    report: parsed instanceof AttestationError ? problemOf(parsed) : parsed,
    signature,
    presented,
    known,
    key: vek
      ? { vek, path: await findPath(vek.certificate, known) }
      : absence(presented.problems, report),
  }
}

/** Something unreadable may have been the certificate that is missing. */
function absence([problem]: readonly Problem[], report: SnpReport | null): Problem {
  const kind = report ? report.signingKey.toUpperCase() : 'VCEK or VLEK'
  const detail = `no readable ${kind} certificate was presented`
  return { code: problem?.code ?? 'ERR_ENDORSEMENT_MISSING', detail }
}

const problemOf = ({ code, message }: AttestationError): Problem => ({ code, detail: message })

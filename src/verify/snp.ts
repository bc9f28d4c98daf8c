// SPDX-License-Identifier: Apache-2.0
// The appraisal of one SNP report: what there is to judge by, gathered before anything is judged.

import { parseSnpReport, type SnpReport } from '../core/snp.js'
import { AttestationError } from '../errors.js'
import { findPath, type Known } from './chain.js'
import { claimsOf, type SnpClaims } from './claims.js'
import { type EndorseProblem, endorse } from './endorse.js'
import { type Endorsements, openAll, sort } from './endorsements.js'
import type { CheckedAppraisal } from './options.js'
import { attempt, type Finding, type Problem, problemOf } from './result.js'
import { revocationRule } from './revocation.js'
import { type Case, findingsOf } from './snp-findings.js'
import { ReportSignature } from './snp-signature.js'
import { chooseVek } from './vek.js'

/** Findings in the order of `SNP_CHECKS` and the policy, and what the evidence claims. */
export async function appraiseSnp(
  asked: CheckedAppraisal,
): Promise<{ findings: Finding[]; claims: SnpClaims }> {
  const gathered = await gather(asked)
  const [findings, claims] = await Promise.all([findingsOf(gathered), claimsOf(gathered)])
  return { findings, claims }
}

/** Reads everything and finds the path of the key. */
async function gather(asked: CheckedAppraisal): Promise<Case> {
  const parsed = attempt(() => parseSnpReport(asked.evidence.report))
  const report = parsed instanceof AttestationError ? null : parsed
  const signature = report && new ReportSignature(report)
  await signature?.start(asked.endorsements)
  const sorted = await sort(openAll(asked.endorsements))
  const { presented, unfetched } = await complete(asked, report, sorted)
  const vek = chooseVek(presented.veks, report, asked.at)
  // In PEM a key cannot be guessed.
  if (vek) signature?.under(vek.certificate.spki)
  const known: Known = { roots: asked.roots, presented: presented.others }
  return {
    asked,
    report: parsed instanceof AttestationError ? problemOf(parsed) : parsed,
    signature,
    presented,
    unfetched,
    known,
    key: vek
      ? { vek, path: await findPath(vek.certificate, known) }
      : absence([...presented.problems, ...unfetched.filter(({ of }) => of === 'vek')], report),
  }
}

/** Asks the endorser, where there is one, for what was not presented. */
async function complete(
  { endorser, policy }: CheckedAppraisal,
  report: SnpReport | null,
  presented: Endorsements,
): Promise<{ presented: Endorsements; unfetched: readonly EndorseProblem[] }> {
  if (!endorser || !report) return { presented, unfetched: [] }
  // A CRL that came with the evidence may be the one before its sender was revoked.
  const wants = { crl: revocationRule(policy) !== 'any', chain: false }
  const fetched = await endorse(report, presented, endorser, wants)
  const { veks, others, crls, problems } = await sort(openAll(fetched.endorsements))
  return {
    presented: {
      veks: [...presented.veks, ...veks],
      others: [...presented.others, ...others],
      crls: [...presented.crls, ...crls],
      problems: [...presented.problems, ...problems],
    },
    unfetched: fetched.problems,
  }
}

/** Something unreadable, or what was not to be had, may have been the certificate that is missing. */
function absence([problem]: readonly Problem[], report: SnpReport | null): Problem {
  const kind = report ? report.signingKey.toUpperCase() : 'VCEK or VLEK'
  const detail = `no readable ${kind} certificate was presented`
  return {
    code: problem?.code ?? 'ERR_ENDORSEMENT_MISSING',
    detail: problem ? `${detail}: ${problem.detail}` : detail,
  }
}

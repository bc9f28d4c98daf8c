// SPDX-License-Identifier: Apache-2.0
// The findings of an SNP appraisal, one function per part of the procedure. A check that cannot be
// made says what stood in its way.

import { equalBytes } from '../core/bytes.js'
import type { SnpReport } from '../core/snp.js'
import { VMPL_MAX } from '../core/snp-bits.js'
import { type Known, type Path, UNTRUSTED, vouch } from './chain.js'
import type { Endorsements } from './endorsements.js'
import { commonName } from './names.js'
import type { CheckedAppraisal } from './options.js'
import { blocked, type Check, type Finding, fail, type Problem, pass } from './result.js'
import { checkRevocation, vouchCrl } from './revocation.js'
import { checkPair } from './snp-checks.js'
import type { ReportSignature } from './snp-signature.js'
import { pairOf, type Vek } from './vek.js'

/** Everything that the findings are drawn from. */
export interface Case {
  readonly asked: CheckedAppraisal
  /** The report, or why it cannot be read. */
  readonly report: SnpReport | Problem
  readonly signature: ReportSignature | null
  readonly presented: Endorsements
  readonly known: Known
  /** The endorsement key to judge by with its path, or why there is none. */
  readonly key: Key | Problem
}

export interface Key {
  readonly vek: Vek
  readonly path: Path
}

/** Whether something is there, rather than the reason why it is not. */
export const isThere = <Thing extends object>(thing: Thing | Problem): thing is Thing =>
  !('code' in thing)

export async function findingsOf(c: Case): Promise<Finding[]> {
  const parts = [structure(c), presentation(c), trust(c), agreement(c), signature(c), policy(c)]
  return (await Promise.all(parts)).flat()
}

function structure({ report }: Case): Finding[] {
  const check = 'snp.report'
  return isThere(report)
    ? [pass(check, `a sound report of version ${report.version}`)]
    : [fail(check, report.code, report.detail)]
}

/** Everything presented must be readable, and genuine even where nothing depends on it. */
async function presentation({ asked, presented, known, key }: Case): Promise<Finding[]> {
  if (asked.endorsements.length === 0) return []
  const check = 'snp.endorsements'
  const path = isThere(key) ? key.path : null
  const strangers = [...presented.veks.map(({ certificate }) => certificate), ...presented.others]
  const onPath: readonly unknown[] = path ? [path.vek, path.authority, path.root] : []
  const verdicts = await Promise.all([
    ...strangers.filter((c) => !onPath.includes(c)).map((c) => vouch(c, known)),
    ...presented.crls
      .filter((c) => c.issuer !== path?.root?.subject)
      .map((c) => vouchCrl(c, known)),
  ])
  const [problem] = [...presented.problems, ...verdicts.filter((verdict) => verdict !== null)]
  return problem
    ? [fail(check, problem.code, problem.detail)]
    : [pass(check, 'everything presented is readable; what is not of the chain is genuine')]
}

/** From the key to a root, and whether all of that holds at the time asked. */
async function trust({ asked, presented, key }: Case): Promise<Finding[]> {
  if (!isThere(key)) {
    const checks: Check[] = ['snp.chain', 'snp.root', 'snp.validity']
    if (presented.crls.length > 0) checks.push('snp.revocation')
    return checks.map((check) => blocked(check, key))
  }
  const { path } = key
  const revocation = await checkRevocation(path, presented.crls, asked.at)
  return [chain(path), root(path), validity(path, asked.at), ...(revocation ? [revocation] : [])]
}

function chain({ problem }: Path): Finding {
  const check = 'snp.chain'
  return problem
    ? fail(check, problem.code, problem.detail)
    : pass(check, 'each certificate is signed by the next, up to a root')
}

function root({ root, anchor, problem }: Path): Finding {
  const check = 'snp.root'
  if (!root) return blocked(check, problem as Problem)
  if (anchor === 'vendor') return pass(check, `the root is ${commonName(root.subject)} of AMD`)
  return anchor === 'caller'
    ? pass(check, 'the root is NOT one of AMD: the caller chose to trust it')
    : fail(check, UNTRUSTED.code, UNTRUSTED.detail)
}

function validity({ vek, authority, root }: Path, at: Date): Finding {
  const check = 'snp.validity'
  const dated = { 'endorsement key': vek, intermediate: authority, root }
  for (const [name, certificate] of Object.entries(dated)) {
    if (certificate && (at < certificate.notBefore || certificate.notAfter < at)) {
      const { notBefore, notAfter } = certificate
      const period = `${notBefore.toISOString()} to ${notAfter.toISOString()}`
      return fail(check, 'ERR_CERTIFICATE_VALIDITY', `the ${name} is valid ${period}`)
    }
  }
  return pass(check, 'every certificate that was found is valid at the time of the appraisal')
}

/** Kind, product, TCB, and chip or provider: what report and certificate say of each other. */
function agreement({ report, key }: Case): Finding[] {
  const pair = isThere(report) && isThere(key) ? pairOf(report, key.vek) : null
  if (pair) return checkPair(pair)
  const signer = isThere(key) ? key.vek.kind : isThere(report) ? report.signingKey : 'vcek'
  const identity: Check = signer === 'vcek' ? 'snp.chip' : 'snp.csp'
  const obstacle = obstacleOf(report, key) ?? ((key as Key).path.problem as Problem)
  return (['snp.vek', 'snp.product', 'snp.tcb', identity] as const).map((check) =>
    blocked(check, obstacle),
  )
}

async function signature({ report, signature, key }: Case): Promise<Finding[]> {
  const check = 'snp.signature'
  if (!signature || !isThere(key)) return [blocked(check, obstacleOf(report, key) as Problem)]
  return (await signature.under(key.vek.certificate.spki))
    ? [pass(check, 'the endorsement key signed the report')]
    : [fail(check, 'ERR_SNP_SIGNATURE', 'the endorsement key did not sign the report')]
}

function policy({ asked, report }: Case): Finding[] {
  const debug = 'snp.debug'
  const data = 'snp.report-data'
  const { reportData } = asked
  if (!isThere(report)) {
    return [blocked(debug, report), ...(reportData ? [blocked(data, report)] : [])]
  }
  const findings = [
    report.policyBits.debug
      ? fail(debug, 'ERR_POLICY_DEBUG', 'the host may decrypt the memory of the guest')
      : pass(debug, 'the host cannot debug the guest'),
  ]
  if (reportData) {
    findings.push(
      report.vmpl <= VMPL_MAX && equalBytes(reportData, report.reportData)
        ? pass(data, 'REPORT_DATA is what was expected')
        : fail(data, 'ERR_POLICY_REPORT_DATA', 'REPORT_DATA is not what was expected, of a guest'),
    )
  }
  return findings
}

function obstacleOf(report: Case['report'], key: Case['key']): Problem | null {
  if (!isThere(report)) return { code: report.code, detail: 'the report cannot be read' }
  return isThere(key) ? null : key
}

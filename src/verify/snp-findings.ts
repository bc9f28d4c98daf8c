// SPDX-License-Identifier: Apache-2.0
// The findings of an SNP appraisal, one function per part of the procedure. A check that cannot be
// made says what stood in its way.

import type { SnpReport } from '../core/snp.js'
import type { Mode } from '../evidence.js'
import { checkBinding } from './binding.js'
import { type Known, type Path, UNTRUSTED, vouch } from './chain.js'
import type { EndorseProblem } from './endorse.js'
import type { Endorsements } from './endorsements.js'
import { type Authority, authorityOf, commonName } from './names.js'
import type { CheckedAppraisal } from './options.js'
import type { Policy } from './policy.js'
import { blocked, type Check, type Finding, fail, isThere, type Problem, pass } from './result.js'
import { checkRevocation, revocationRule, vouchCrl } from './revocation.js'
import { checkPair } from './snp-checks.js'
import { checkSnpPolicy, type SnpFacts } from './snp-policy-checks.js'
import type { ReportSignature } from './snp-signature.js'
import { checkTcbOrder } from './snp-tcb-order.js'
import { pairOf, type Vek } from './vek.js'

/** Everything that the findings are drawn from. */
export interface Case {
  readonly asked: CheckedAppraisal
  /** The report, or why it cannot be read. */
  readonly report: SnpReport | Problem
  readonly signature: ReportSignature | null
  readonly presented: Endorsements
  readonly known: Known
  /** Why the endorser did not hand out what it was asked for. */
  readonly unfetched: readonly EndorseProblem[]
  /** The endorsement key to judge by with its path, or why there is none. */
  readonly key: Key | Problem
}

export interface Key {
  readonly vek: Vek
  readonly path: Path
}

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
  const { veks, others, crls, problems } = presented
  if (
    veks.length + others.length + crls.length + problems.length + asked.endorsements.length ===
    0
  ) {
    return []
  }
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
async function trust({ asked, presented, unfetched, key }: Case): Promise<Finding[]> {
  const required = revocationRule(asked.policy) !== 'any'
  if (!isThere(key)) {
    const checks: Check[] = ['snp.chain', 'snp.root', 'snp.validity']
    if (required || presented.crls.length > 0) checks.push('snp.revocation')
    return checks.map((check) => blocked(check, key))
  }
  const { path } = key
  const revocation = await checkRevocation(key, presented.crls, asked, unfetched)
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
function agreement({ asked, report, key }: Case): Finding[] {
  const pair = isThere(report) && isThere(key) ? pairOf(report, key.vek) : null
  if (pair) return checkPair(pair).filter((finding) => !isPermitted(finding, asked.policy.snp))
  const signer = isThere(key) ? key.vek.kind : isThere(report) ? report.signingKey : 'vcek'
  const identity: Check = signer === 'vcek' ? 'snp.chip' : 'snp.csp'
  const obstacle = obstacleOf(report, key) ?? ((key as Key).path.problem as Problem)
  return (['snp.vek', 'snp.product', 'snp.tcb', identity] as const).map((check) =>
    blocked(check, obstacle),
  )
}

/** A host may hide CHIP_ID; the signature still proves which chip it is, by the key. */
const isPermitted = ({ code }: Finding, snp: Policy['snp']): boolean =>
  code === 'ERR_CHIP_ID_MASKED' && snp?.maskedChipId === 'allow'

async function signature({ report, signature, key }: Case): Promise<Finding[]> {
  const check = 'snp.signature'
  if (!signature || !isThere(key)) return [blocked(check, obstacleOf(report, key) as Problem)]
  return (await signature.under(key.vek.certificate.spki))
    ? [pass(check, 'the endorsement key signed the report')]
    : [fail(check, 'ERR_SNP_SIGNATURE', 'the endorsement key did not sign the report')]
}

/** What the policy asks of the report, and of what REPORT_DATA binds. */
function policy({ asked, report, key }: Case): Finding[] {
  return [
    checkTcbOrder(report),
    ...checkSnpPolicy(report, asked.policy.snp, { ...factsOf(key), mode: levelOf(asked) }),
    ...checkBinding(asked, report),
  ]
}

/** TLS evidence that a policy accepts at any level is judged by the level of raw evidence. */
const levelOf = ({ evidence: { mode }, policy: { binding } }: CheckedAppraisal): Mode =>
  mode === 'tls' && binding.legacyTlsBinding === 'allow' ? 'raw' : mode

/** What a certificate says counts once it is known who issued it. */
function factsOf(key: Case['key']): Omit<SnpFacts, 'mode'> {
  const obstacle = isThere(key) ? key.path.problem : key
  if (obstacle) return { product: null, kind: null, hwId: null, cspId: null, obstacle }
  const { certificate, kind, extensions } = (key as Key).vek
  // A path without a problem has an intermediate of AMD's.
  const { product } = authorityOf(certificate.issuer) as Authority
  return { product, kind, hwId: extensions.hwId, cspId: extensions.cspId }
}

function obstacleOf(report: Case['report'], key: Case['key']): Problem | null {
  if (!isThere(report)) return { code: report.code, detail: 'the report cannot be read' }
  return isThere(key) ? null : key
}

// SPDX-License-Identifier: Apache-2.0
// What the tests of src/verify share: one call, and its result in the shape that they compare.

import { rawEvidence } from '../../src/evidence.js'
import {
  type Appraisal,
  type AttestationResult,
  appraise as appraiseEvidence,
  authenticity,
  type Check,
  type Policy,
  type SnpClaims,
  type SnpPolicy,
} from '../../src/verify/index.js'
import { type Amd, AT } from '../fake/amd.js'

/** A raw report with everything to judge it by. */
export interface Given extends Partial<Appraisal> {
  readonly report: Uint8Array
  /** What REPORT_DATA must be, by the policy. */
  readonly reportData?: Uint8Array
}

export type SnpResult = AttestationResult & { readonly claims: { readonly snp: SnpClaims } }

/** The call for a raw report, under the built-in policy unless told otherwise. */
export function request({ report, reportData, ...rest }: Given): Appraisal {
  const policy = authenticity()
  return {
    evidence: rawEvidence('snp', report),
    challenge: null,
    endorsements: [],
    at: AT,
    policy: reportData
      ? withSnp(policy, { reportData: Buffer.from(reportData).toString('hex') })
      : policy,
    ...rest,
  }
}

export const withSnp = (policy: Policy, change: Partial<SnpPolicy>): Policy => ({
  ...policy,
  snp: { ...(policy.snp ?? authenticity().snp), ...change },
})

export const appraiseReport = async (given: Given): Promise<SnpResult> =>
  (await appraiseEvidence(request(given))) as SnpResult

/** An appraisal of minted evidence with everything a host hands out, and its root trusted. */
export async function appraise(amd: Amd, change: Partial<Given> = {}): Promise<SnpResult> {
  return appraiseReport({
    report: change.report ?? (await amd.report()),
    endorsements: amd.chain,
    roots: [amd.ark],
    ...change,
  })
}

/** Every finding that is not a pass, as `fail ERR_…` or `unknown ERR_…`. */
export function complaints({ findings }: AttestationResult): Partial<Record<Check, string>> {
  return Object.fromEntries(
    findings
      .filter(({ outcome }) => outcome !== 'pass')
      .map(({ check, outcome, code }) => [check, `${outcome} ${code}`]),
  )
}

/** The names of the findings. */
export const checks = ({ findings }: AttestationResult): Check[] =>
  findings.map(({ check }) => check)

/** What every check that needs the endorsement key says when there is none. */
export function withoutKey(code: string, identity: 'snp.chip' | 'snp.csp' = 'snp.chip') {
  const unknown = `unknown ${code}`
  return {
    'snp.vek': unknown,
    'snp.chain': unknown,
    'snp.root': unknown,
    'snp.validity': unknown,
    'snp.product': unknown,
    'snp.tcb': unknown,
    [identity]: unknown,
    'snp.signature': unknown,
  }
}

/** What every check that needs the report says when it cannot be read. */
export function withoutReport(code: string, identity: 'snp.chip' | 'snp.csp' = 'snp.chip') {
  const unknown = `unknown ${code}`
  return {
    'snp.report': `fail ${code}`,
    'snp.vek': unknown,
    'snp.product': unknown,
    'snp.tcb': unknown,
    [identity]: unknown,
    'snp.signature': unknown,
    'snp.tcb-order': unknown,
    'snp.debug': unknown,
  }
}

// SPDX-License-Identifier: Apache-2.0
// What the tests of src/verify share: one call, and its result in the shape that they compare.

import {
  type AttestationResult,
  appraiseSnp,
  type Check,
  type SnpAppraisal,
} from '../../src/verify/index.js'
import { type Amd, AT } from '../fake/amd.js'

/** An appraisal of minted evidence with everything a host hands out, and its root trusted. */
export async function appraise(
  amd: Amd,
  change: Partial<SnpAppraisal> = {},
): Promise<AttestationResult> {
  return appraiseSnp({
    report: change.report ?? (await amd.report()),
    endorsements: amd.chain,
    roots: [amd.ark],
    at: AT,
    policy: 'authenticity',
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
    'snp.debug': unknown,
  }
}

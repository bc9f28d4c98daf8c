// SPDX-License-Identifier: Apache-2.0
// What a policy asks of an SNP report: a finding for each field that does not accept any.

import type { SnpReport } from '../core/snp.js'
import type { Policy } from './policy.js'
import { type Finding, fail, type Problem } from './result.js'
import { BIT_RULES } from './snp-policy-bits.js'
import { FLOOR_RULES } from './snp-policy-floors.js'
import { GUEST_RULES } from './snp-policy-guest.js'
import { ORIGIN_RULES } from './snp-policy-origin.js'
import type { Evidence, Rule, SnpFacts } from './snp-policy-rules.js'

export { SNP_POLICY_CHECKS, type SnpPolicyCheck } from './snp-policy-names.js'
export type { SnpFacts } from './snp-policy-rules.js'

const RULES: readonly Rule[] = [...ORIGIN_RULES, ...GUEST_RULES, ...BIT_RULES, ...FLOOR_RULES]

/**
 * One finding for each field of the section that is not `'any'`, in the order of the names; `unknown`
 * where the report cannot be read or a fact is missing. Fields that other checks judge are left to
 * them: `maskedChipId`, `revocation`, and outside raw mode `vmpl`. Without a section: one failure.
 */
export function checkSnpPolicy(
  report: SnpReport | Problem,
  policy: Policy['snp'],
  facts: SnpFacts,
): Finding[] {
  if (policy === undefined) {
    return [fail('snp', 'ERR_POLICY_TEE', 'the policy has no section on SEV-SNP evidence')]
  }
  const evidence: Evidence = { report: open(report), facts }
  const findings: Finding[] = []
  for (const { judge } of RULES) {
    const finding = judge(policy, evidence)
    if (finding) findings.push(finding)
  }
  return findings
}

function open(report: SnpReport | Problem): Evidence['report'] {
  if (!('version' in report)) return report
  return { report, policy: report.policyBits, platform: report.platformInfoBits }
}

// SPDX-License-Identifier: Apache-2.0
// What the checks of a policy are made of: one rule per field, which has nothing to say where the field
// accepts any, and says what stood in its way where it cannot be judged.

import type { Bytes } from '../core/private-copy.js'
import type { PlatformInfoBits, PolicyBits, Product, SnpReport } from '../core/snp.js'
import { AttestationError, type Code } from '../errors.js'
import type { Mode } from '../evidence.js'
import type { VekKind } from './names.js'
import type { SnpPolicy } from './policy.js'
import { blocked, type Finding, fail, type Problem, pass } from './result.js'
import type { SnpPolicyCheck } from './snp-policy-names.js'

/** What is known besides the report. Null where it is not known. */
export interface SnpFacts {
  /** As the chain of the endorsement key proves it. */
  readonly product: Product | null
  /** Kind of the endorsement key. */
  readonly kind: VekKind | null
  /** Of a VCEK: 64 bytes, on Turin 8. */
  readonly hwId: Bytes | null
  /** Of a VLEK. */
  readonly cspId: string | null
  /** How REPORT_DATA was composed, or raw where its level is judged as if it were. */
  readonly mode: Mode
  /** Why something is not known; a missing endorsement when nothing is said. */
  readonly obstacle?: Problem
}

/** A report with its bits taken apart once. */
export interface OpenReport {
  readonly report: SnpReport
  readonly policy: PolicyBits
  readonly platform: PlatformInfoBits
}

export interface Evidence {
  readonly report: OpenReport | Problem
  readonly facts: SnpFacts
}

/** Null: as asked. Words: not so. A refusal: not so, for its own reason. A problem: cannot be said. */
export type Objection = null | string | AttestationError | Problem

export interface Rule {
  readonly check: SnpPolicyCheck
  /** Null where the policy accepts any. */
  readonly judge: (policy: SnpPolicy, evidence: Evidence) => Finding | null
}

/** Everything that a rule is, besides what it judges by. */
export interface Subject<Asked> {
  readonly check: SnpPolicyCheck
  readonly code: Code
  readonly field: (policy: SnpPolicy) => Asked | 'any' | 'allow'
  /** What holds when there is no objection. */
  readonly good: string
}

/** A rule on the report and, if need be, on what is known besides. */
export function onReport<Asked>(
  subject: Subject<Asked>,
  objectTo: (asked: Asked, open: OpenReport, facts: SnpFacts) => Objection,
): Rule {
  return onEvidence(subject, (asked, { report, facts }) =>
    'report' in report ? objectTo(asked, report, facts) : report,
  )
}

export function onEvidence<Asked>(
  { check, code, field, good }: Subject<Asked>,
  objectTo: (asked: Asked, evidence: Evidence) => Objection,
): Rule {
  const judge: Rule['judge'] = (policy, evidence) => {
    const asked = field(policy)
    if (asked === 'any' || asked === 'allow') return null
    const objection = objectTo(asked as Asked, evidence)
    if (objection === null) return pass(check, good)
    if (typeof objection === 'string') return fail(check, code, objection)
    return objection instanceof AttestationError
      ? fail(check, objection.code, objection.message)
      : blocked(check, objection)
  }
  return { check, judge }
}

/** What stands in the way of a rule that needs a certificate. */
export const missing = ({ obstacle }: SnpFacts): Problem =>
  obstacle ?? { code: 'ERR_ENDORSEMENT_MISSING', detail: 'no endorsement key is known' }

/** Whether lower-case hex spells these bytes, all of them. Far quicker than spelling them. */
export function spells(hex: string, bytes: Uint8Array): boolean {
  if (hex.length !== 2 * bytes.length) return false
  for (let at = 0; at < bytes.length; at++) {
    const high = digit(hex.charCodeAt(2 * at))
    if (((high << 4) | digit(hex.charCodeAt(2 * at + 1))) !== bytes[at]) return false
  }
  return true
}

/** Value of a character from 0 to 9 or a to f. */
const digit = (code: number): number => (code < 0x3a ? code - 0x30 : code - 0x57)

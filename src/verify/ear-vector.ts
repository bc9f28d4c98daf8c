// SPDX-License-Identifier: Apache-2.0
// Findings → the AR4SI trustworthiness vector and status of an EAR. A claim is affirmed by checks that
// were made and passed; what a policy accepts as `'any'` affirms nothing.

import {
  CONFIGURATION_CHECKS,
  VECTOR_CLAIMS,
  type VectorClaim,
  WEIGHTS,
  type WeightedCheck,
} from './ear-weights.js'
import type { AttestationResult } from './result.js'

/** A value of each claim, 0 where nothing is asserted. */
export type TrustVector = Readonly<Record<VectorClaim, number>>

/** Trustworthiness tiers by the least standard value in each (section 2.3.2). */
export const TIERS = { none: 0, affirming: 2, warning: 32, contraindicated: 96 } as const
export type Tier = keyof typeof TIERS

/** Values that affirm (section 2.3.4). */
const AFFIRMED = {
  /** Recognized, and not known to be compromised. */
  'instance-identity': 2,
  /** Known and approved. */
  configuration: 2,
  /** Approved executables were loaded at boot. What is loaded later, no launch digest can say. */
  executables: 3,
  /** Genuine and supported. */
  hardware: 2,
  /** Memory is encrypted and opaque to the host. */
  'runtime-opaque': 2,
} as const satisfies Partial<TrustVector>

/** What makes the contents of a report believable at all. */
const AUTHENTIC: readonly WeightedCheck[] = [
  'snp.report',
  'snp.chain',
  'snp.root',
  'snp.validity',
  'snp.vek',
  'snp.product',
  'snp.tcb',
  'snp.signature',
]

type Passed = (check: WeightedCheck) => boolean

const ESTABLISHED: Record<
  keyof typeof AFFIRMED,
  (passed: Passed, r: AttestationResult) => boolean
> = {
  'instance-identity': (passed) =>
    passed('snp.chip-id') || passed('snp.report-id') || bindsKey(passed),
  configuration: (passed) => CONFIGURATION_CHECKS.every(passed),
  executables: (passed) => passed('snp.measurement'),
  hardware: (passed, { policy }) =>
    passed('snp.revocation') && passed('snp.minimum-tcb.reported') && isWholeFloor(policy),
  'runtime-opaque': (passed) => passed('snp.debug') && passed('snp.guest-policy.migrate-ma'),
}

/** What a consumer who reads nothing but the status takes for granted. */
const NEEDED_TO_AFFIRM = ['hardware', 'executables', 'runtime-opaque'] as const

export function trustVector(result: AttestationResult): TrustVector {
  const values = VECTOR_CLAIMS.map((claim) => [claim, judge(claim, result)])
  return Object.fromEntries(values) as TrustVector
}

/**
 * The worst that a check said against a claim; else what the checks establish for it. A result that
 * is undecided establishes nothing: whoever computes its status from the vector finds `none`.
 */
function judge(claim: VectorClaim, result: AttestationResult): number {
  const against = result.findings.filter(
    ({ check, outcome }) => outcome !== 'pass' && WEIGHTS[check][claim] !== undefined,
  )
  const failed = against.filter(({ outcome }) => outcome === 'fail')
  if (failed.length > 0) {
    return Math.max(...failed.map(({ check }) => WEIGHTS[check][claim] as number))
  }
  if (against.length > 0 || result.result === 'undecided' || !isAffirmable(claim)) return 0
  return establishes(claim, result) ? AFFIRMED[claim] : 0
}

const isAffirmable = (claim: VectorClaim): claim is keyof typeof AFFIRMED => claim in AFFIRMED

function establishes(claim: keyof typeof AFFIRMED, result: AttestationResult): boolean {
  const passed: Passed = (check) =>
    result.findings.some((finding) => finding.check === check && finding.outcome === 'pass')
  // A root that the caller chose says nothing about the hardware to anybody else.
  const genuine = result.claims.snp?.root?.origin === 'vendor' && AUTHENTIC.every(passed)
  const whose = passed('snp.chip') || passed('snp.csp')
  return genuine && whose && ESTABLISHED[claim](passed, result)
}

const bindsKey = (passed: Passed): boolean =>
  passed('binding.nonce') &&
  passed('binding.oracle') &&
  (passed('binding.tls-key') || passed('binding.hpke-key'))

/** Whether no component of the least REPORTED_TCB is left open. */
function isWholeFloor({ snp }: AttestationResult['policy']): boolean {
  const rows = snp?.minimumTcb.reported ?? 'any'
  return (
    rows !== 'any' &&
    rows.every((row) => ![row.bootLoader, row.tee, row.snp, row.microcode].includes('any'))
  )
}

/**
 * The tier of the whole: never better than the verdict, nor than the worst value of the vector
 * (draft-ietf-rats-ear-04, section 3.1). `verified` affirms only where the vector affirms what a
 * consumer of the status alone relies on; a policy that left one of them open gets a warning.
 */
export function statusOf(verdict: AttestationResult['result'], vector: TrustVector): Tier {
  const worst = Math.max(...Object.values(vector))
  if (verdict === 'rejected' || worst >= TIERS.contraindicated) return 'contraindicated'
  if (worst >= TIERS.warning) return 'warning'
  if (verdict === 'undecided') return 'none'
  return NEEDED_TO_AFFIRM.every((claim) => vector[claim] >= TIERS.affirming)
    ? 'affirming'
    : 'warning'
}

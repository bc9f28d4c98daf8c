// SPDX-License-Identifier: Apache-2.0
// Attestation Results (RFC 9334): every check by name with its outcome, what was claimed, and the
// policy that was applied.

import { AttestationError, type Code } from '../errors.js'
import type { BindingCheck } from './binding.js'
import type { BindingClaims } from './binding-claims.js'
import type { SnpClaims } from './claims.js'
import type { GpuCheck } from './gpu-checks.js'
import type { GpuClaims } from './gpu-claims.js'
import type { GpuPolicyCheck } from './gpu-policy-names.js'
import type { Policy } from './policy.js'
import type { SnpPolicyCheck } from './snp-policy-names.js'

/** Checks that every appraisal of SNP evidence makes, whatever its policy. */
export const SNP_CHECKS = [
  'snp.report',
  'snp.endorsements',
  'snp.chain',
  'snp.root',
  'snp.validity',
  'snp.revocation',
  'snp.vek',
  'snp.product',
  'snp.tcb',
  'snp.chip',
  'snp.csp',
  'snp.signature',
] as const

/** Evidence that this version of assay reads, but does not appraise. */
export const UNSUPPORTED_CHECKS = ['tdx.quote', 'gpu.evidence'] as const

/** `docs/errors.md` lists them all. */
export type Check =
  | (typeof SNP_CHECKS)[number]
  | (typeof UNSUPPORTED_CHECKS)[number]
  | SnpPolicyCheck
  | 'snp.tcb-order'
  | BindingCheck
  | GpuCheck
  | GpuPolicyCheck

/** What one check came to. A code says why it did not pass, and `CODES` whose fault that is. */
export type Finding = {
  readonly check: Check
  /** One sentence for people; never evidence itself. */
  readonly detail: string
  /** Index of the GPU or NVSwitch that this is about; absent when it is about none, or about all. */
  readonly device?: number
} & (
  | { readonly outcome: 'pass'; readonly code: null }
  | { readonly outcome: 'fail' | 'unknown'; readonly code: Code }
)

/** `verified`: every finding passes. `rejected`: one fails. `undecided`: something was missing. */
export type Verdict = 'verified' | 'rejected' | 'undecided'

/** An appraisal: the verdict, every check that was made, and what was applied. */
export interface AttestationResult {
  readonly result: Verdict
  readonly findings: readonly Finding[]
  readonly claims: {
    readonly snp: SnpClaims | null
    readonly tdx: null
    readonly gpus: readonly GpuClaims[]
    readonly binding: BindingClaims
  }
  /** The policy as applied, every `'any'` visible. */
  readonly policy: Policy
  /** The time as of which certificates and CRLs were judged, ISO 8601. */
  readonly evaluatedAt: string
}

/** Why something cannot be relied on or looked at. */
export interface Problem {
  readonly code: Code
  readonly detail: string
}

/** Whether something is there, rather than the reason why it is not. */
export const isThere = <Thing extends object>(thing: Thing | Problem): thing is Thing =>
  !('code' in thing)

export const pass = (check: Check, detail: string): Finding => ({
  check,
  outcome: 'pass',
  code: null,
  detail,
})

export const fail = (check: Check, code: Code, detail: string): Finding => ({
  check,
  outcome: 'fail',
  code,
  detail,
})

export const unknown = (check: Check, code: Code, detail: string): Finding => ({
  check,
  outcome: 'unknown',
  code,
  detail,
})

/** A check that could not be made, with the code of what stood in its way. */
export const blocked = (check: Check, { code, detail }: Problem): Finding =>
  unknown(check, code, `not checked: ${detail}`)

/** The same about one GPU or NVSwitch. */
export const ofDevice = (device: number, finding: Finding): Finding => ({ ...finding, device })

/** What `run` returns, or its refusal. Anything else that is thrown is our bug and goes on. */
export function attempt<Value>(run: () => Value): Value | AttestationError {
  try {
    return run()
  } catch (error) {
    if (error instanceof AttestationError && error.layer !== 'internal') return error
    throw error
  }
}

/** A refusal as a problem. Anything else that was thrown is our bug and goes on. */
export function problemOf(error: unknown): Problem {
  if (error instanceof AttestationError && error.layer !== 'internal') {
    return { code: error.code, detail: error.message }
  }
  throw error
}

/** What `read` returns, or its refusal as a problem. */
export function readable<Value extends object>(read: () => Value): Value | Problem {
  const value = attempt(read)
  return value instanceof AttestationError ? problemOf(value) : value
}

/** The same of what takes its time. */
export async function tried<Value>(run: () => Promise<Value>): Promise<Value | Problem> {
  try {
    return await run()
  } catch (error) {
    return problemOf(error)
  }
}

/** One fail decides; without one, a single unknown leaves the question open. */
export function conclude(findings: readonly Finding[]): Verdict {
  if (findings.some(({ outcome }) => outcome === 'fail')) return 'rejected'
  return findings.every(({ outcome }) => outcome === 'pass') ? 'verified' : 'undecided'
}

/** What `verify` throws: the first finding that is a fail, else the first that is unknown. */
export class AppraisalError extends AttestationError {
  /** The whole result, with every finding. */
  readonly result: AttestationResult

  constructor(result: AttestationResult) {
    const of = (wanted: Finding['outcome']) =>
      result.findings.find(({ outcome }) => outcome === wanted)
    const { code, check, detail } = (of('fail') ?? of('unknown')) as Finding
    super(code as Code, `${check}: ${detail}`)
    this.result = result
  }
}

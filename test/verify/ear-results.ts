// SPDX-License-Identifier: Apache-2.0
// Results made up finding by finding, for what is drawn from them.

import { WEIGHTS, type WeightedCheck } from '../../src/verify/ear-weights.js'
import type { AttestationResult, Check, Finding } from '../../src/verify/index.js'
import { authenticity, type SnpPolicy } from '../../src/verify/policy.js'
import { conclude, fail, pass, unknown } from '../../src/verify/result.js'
import { AT } from '../fake/amd.js'

export const EVERY_CHECK = Object.keys(WEIGHTS) as WeightedCheck[]

/** Every check that one piece of SNP evidence under a VCEK can have, asked for by a whole policy. */
export const ALL_CHECKS: readonly WeightedCheck[] = EVERY_CHECK.filter(
  (check) => !/^(snp|snp[.]csp|tdx[.]quote|gpus?[.].+)$/.test(check),
)

export type Outcomes = Partial<Record<WeightedCheck, Finding['outcome'] | 'any'>>

/** A row of a policy that leaves no component open. */
const ROW = { product: 'Milan', cpuid: 'any', fmc: 'any' } as const
export const WHOLE_FLOOR = [{ ...ROW, bootLoader: 3, tee: 0, snp: 8, microcode: 115 }] as const

export interface Knobs {
  readonly checks?: readonly WeightedCheck[]
  readonly root?: 'vendor' | 'caller' | 'none' | null
  readonly reported?: SnpPolicy['minimumTcb']['reported']
}

/** Every check passes but those named otherwise; `any` takes the finding away. */
export function resultOf(outcomes: Outcomes = {}, knobs: Knobs = {}): AttestationResult {
  const findings = (knobs.checks ?? ALL_CHECKS).flatMap((check) => finding(check, outcomes[check]))
  const { root = 'vendor', reported = WHOLE_FLOOR } = knobs
  const policy = authenticity()
  return {
    result: conclude(findings),
    findings,
    claims: {
      snp: {
        report: { reportData: '0d'.repeat(64), hostData: 'a5'.repeat(32) },
        endorsementKey: null,
        root: root && { origin: root, serial: '01', spkiSha256: '00'.repeat(32) },
        crls: [],
      },
      tdx: null,
      gpus: [],
      binding: {
        mode: 'raw',
        nonce: null,
        tlsSpkiSha256: null,
        hpke: null,
        userData: null,
        gpuDigest: null,
        batch: null,
      },
    },
    policy: {
      ...policy,
      snp: { ...policy.snp, minimumTcb: { ...policy.snp.minimumTcb, reported } },
    },
    evaluatedAt: AT.toISOString(),
  } as unknown as AttestationResult
}

/** The same with other claims. */
export const withClaims = (result: AttestationResult, claims: object): AttestationResult =>
  ({ ...result, claims: { ...result.claims, ...claims } }) as AttestationResult

function finding(name: WeightedCheck, outcome: Outcomes[WeightedCheck] = 'pass'): Finding[] {
  if (outcome === 'any') return []
  const check = name as Check
  if (outcome === 'pass') return [pass(check, 'yes')]
  const no = outcome === 'fail' ? fail : unknown
  return [no(check, 'ERR_INTERNAL', 'no')]
}

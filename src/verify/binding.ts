// SPDX-License-Identifier: Apache-2.0
// What REPORT_DATA ties the evidence to: the tenant's nonce, the keys, the GPUs, and the level at
// which it was asked for (assay evidence protocol, sections 2 to 4).

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import {
  reportDataBatchVerify,
  reportDataBound,
  reportDataRaw,
  reportDataTls,
} from '../core/report-data.js'
import type { SnpReport } from '../core/snp.js'
import { VMPL_MAX } from '../core/snp-bits.js'
import { AttestationError } from '../errors.js'
import type { BatchProof, Evidence, Mode } from '../evidence.js'
import type { CheckedAppraisal, CheckedChallenge } from './options.js'
import type { Policy } from './policy.js'
import {
  attempt,
  blocked,
  type Finding,
  fail,
  isThere,
  type Problem,
  pass,
  unknown,
} from './result.js'

/** Every check of a binding, in the order of the findings. */
export const BINDING_CHECKS = [
  'binding.modes',
  'binding.nonce',
  'binding.oracle',
  'binding.tls-key',
  'binding.hpke-key',
  'binding.user-data',
] as const

export type BindingCheck = (typeof BINDING_CHECKS)[number]

type Report = SnpReport | Problem
type BindingPolicy = Policy['binding']

/** AEP-83 has no claims besides: whatever stands there, REPORT_DATA is not composed of it. */
const NOTHING_BOUND = { hpke: null, userData: null }

/** The findings that the policy and the challenge ask for; nothing that neither of them names. */
export function checkBinding(asked: CheckedAppraisal, report: Report): Finding[] {
  const { evidence, challenge } = asked
  const policy = asked.policy.binding
  const { hpke, userData } = isComposed(evidence.mode) ? evidence.claims : NOTHING_BOUND
  const nonce = checkNonce(asked, policy, report)
  return [
    ...checkMode(evidence, policy),
    ...nonce,
    ...checkOracle(evidence.mode, policy, report),
    ...checkTlsKey(evidence, challenge, policy, nonce),
    ...checkClaim('binding.hpke-key', policy.hpkeKey, hpke, 'HPKE key', nonce),
    ...checkUserData(challenge?.userData ?? null, policy, userData, nonce),
  ]
}

function checkMode({ mode }: Evidence, { modes }: BindingPolicy): Finding[] {
  if (modes === 'any') return []
  const check = 'binding.modes'
  return [
    modes.includes(mode)
      ? pass(check, `evidence of the form of ${mode} mode, which the policy accepts`)
      : fail(check, 'ERR_BINDING_MODE', `${mode} mode is not among ${modes.join(', ')}`),
  ]
}

/** Nobody but the tenant makes the nonce, so that only the tenant can say what was expected. */
function checkNonce(
  { evidence, challenge, gpuDigest }: CheckedAppraisal,
  policy: BindingPolicy,
  report: Report,
): Finding[] {
  const check = 'binding.nonce'
  if (!challenge) {
    const detail = 'the policy requires a nonce, and none was given to compare with'
    return policy.nonce === 'require' ? [unknown(check, 'ERR_NONCE_MISSING', detail)] : []
  }
  if (!isThere(report)) return [blocked(check, report)]
  if (report.vmpl > VMPL_MAX) {
    return [fail(check, 'ERR_BINDING_REPORT_DATA', 'the host asked for this report, not the guest')]
  }
  if (evidence.mode === 'tls' && !challenge.channelSpki) {
    const detail = 'TLS mode binds the key of the connection, which was not given'
    return [unknown(check, 'ERR_CHANNEL_KEY_MISSING', detail)]
  }
  const problem = mismatch({ evidence, challenge, gpuDigest }, report.reportData)
  if (problem) return [fail(check, problem.code, problem.detail)]
  return [pass(check, `REPORT_DATA carries the nonce of the tenant (${evidence.mode} mode)`)]
}

/** What REPORT_DATA is composed of. */
export interface Composition {
  readonly evidence: Evidence
  readonly challenge: CheckedChallenge
  /** The digest G; null without GPUs. */
  readonly gpuDigest: () => Bytes | null
}

/** Composes REPORT_DATA anew. What the host named wrongly comes out as bytes that differ. */
export function mismatch(composition: Composition, reportData: Uint8Array): Problem | null {
  const { mode, batch } = composition.evidence
  const entry = attempt(() => compose(composition))
  if (entry instanceof AttestationError) {
    return { code: 'ERR_BINDING_REPORT_DATA', detail: entry.message }
  }
  if (mode === 'batch') return batchMismatch(reportData, entry, batch as BatchProof)
  if (equalBytes(entry, reportData)) return null
  const detail = `REPORT_DATA is not what ${mode} mode composes from the nonce and the claims`
  return { code: 'ERR_BINDING_REPORT_DATA', detail }
}

function compose({ evidence, challenge, gpuDigest }: Composition): Uint8Array {
  const { mode, claims } = evidence
  const { nonce, channelSpki } = challenge
  if (mode === 'raw') return reportDataRaw(nonce)
  if (mode === 'tls') return reportDataTls(channelSpki as Uint8Array, nonce)
  const digest = gpuDigest()
  return reportDataBound({
    nonce,
    ...(claims.tlsSpki && { tlsSpki: claims.tlsSpki }),
    ...(claims.hpke && { hpke: claims.hpke }),
    ...(digest && { gpuDigest: digest }),
    ...(claims.userData && { userData: claims.userData }),
  })
}

/** An RFC 9162 root does not fix the size of its tree, REPORT_DATA does: both are compared. */
function batchMismatch(
  reportData: Uint8Array,
  entry: Uint8Array,
  { index, size, claimPath }: BatchProof,
): Problem | null {
  const error = attempt(() => reportDataBatchVerify(reportData, entry, index, size, claimPath))
  return error instanceof AttestationError
    ? { code: 'ERR_MERKLE_PATH', detail: error.message }
    : null
}

/**
 * Anybody may have any 64 bytes signed at the level of raw mode. Only code of the sidecar asks one
 * level above, so that only there composed REPORT_DATA can be told from bytes that a host chose.
 */
function checkOracle(mode: Mode, policy: BindingPolicy, report: Report): Finding[] {
  const check = 'binding.oracle'
  if (mode === 'raw') return []
  if (!isThere(report)) return [blocked(check, report)]
  const { vmpl } = report
  const { boundVmpl } = policy
  if (vmpl === boundVmpl) {
    return [pass(check, `asked for at VMPL ${vmpl}, where callers choose no bytes`)]
  }
  const ofGuest = vmpl <= VMPL_MAX
  if (ofGuest && mode === 'tls' && policy.legacyTlsBinding === 'allow') return []
  const level = ofGuest ? `at VMPL ${vmpl}` : 'by the host'
  const detail = `asked for ${level}, not at VMPL ${boundVmpl}: anybody may have had it composed`
  return [fail(check, 'ERR_BINDING_ORACLE', detail)]
}

/** Whether the TLS connection of the tenant ends in the guest that the evidence is of. */
function checkTlsKey(
  { mode, claims }: Evidence,
  challenge: CheckedChallenge | null,
  policy: BindingPolicy,
  nonce: readonly Finding[],
): Finding[] {
  const check = 'binding.tls-key'
  const channel = challenge?.channelSpki
  const bound = mode === 'tls' ? channel : claims.tlsSpki
  if (policy.tlsKey === 'any' && !(channel && bound)) return []
  if (mode === 'raw' || (isComposed(mode) && !bound)) {
    return [fail(check, 'ERR_BINDING_TLS_KEY', `this evidence, of ${mode} mode, binds no TLS key`)]
  }
  if (!channel || !bound) {
    const detail = 'the key of the TLS connection was not given to compare with'
    return [unknown(check, 'ERR_CHANNEL_KEY_MISSING', detail)]
  }
  if (!equalBytes(bound, channel)) {
    const detail = 'the connection ends at another TLS key than the one that the guest bound'
    return [fail(check, 'ERR_BINDING_TLS_KEY', detail)]
  }
  return [proven(check, nonce, 'the connection ends at the TLS key that the guest bound')]
}

function checkClaim(
  check: BindingCheck,
  rule: 'require' | 'any',
  claim: Uint8Array | null,
  what: string,
  nonce: readonly Finding[],
): Finding[] {
  if (rule === 'any') return []
  return claim
    ? [proven(check, nonce, `the ${what} is bound`)]
    : [fail(check, 'ERR_BINDING_CLAIM', `the evidence binds no ${what}`)]
}

/** What the tenant states that it sent is what must be bound; otherwise any data will do. */
function checkUserData(
  sent: Uint8Array | null,
  policy: BindingPolicy,
  bound: Uint8Array | null,
  nonce: readonly Finding[],
): Finding[] {
  const check = 'binding.user-data'
  if (!sent || !bound) return checkClaim(check, policy.userData, bound, 'user data', nonce)
  return equalBytes(sent, bound)
    ? [proven(check, nonce, 'the user data is bound, exactly as the tenant sent it')]
    : [fail(check, 'ERR_BINDING_CLAIM', 'the evidence binds other user data than the tenant sent')]
}

/** A claim of the answer counts for what the comparison of REPORT_DATA came to. */
function proven(check: BindingCheck, [nonce]: readonly Finding[], detail: string): Finding {
  if (nonce?.outcome === 'pass') return pass(check, detail)
  return blocked(check, {
    code: nonce?.code ?? 'ERR_NONCE_MISSING',
    detail: 'REPORT_DATA was not shown to be composed of it',
  })
}

/** Modes whose REPORT_DATA is a digest of claims that the answer names. */
export const isComposed = (mode: Mode): boolean => mode === 'bound' || mode === 'batch'

// SPDX-License-Identifier: Apache-2.0
// The appraisal of the GPUs of one machine, side by side: each by itself, and then what the policy asks
// of them together.

import type { Bytes } from '../core/private-copy.js'
import type { GpuEvidence } from '../evidence.js'
import { GPU_CHECKS } from './gpu-checks.js'
import { type GpuClaims, gpuClaims } from './gpu-claims.js'
import { type AppraisedDevice, type Device, startDevice } from './gpu-device.js'
import type { CheckedGpuMaterial } from './gpu-options.js'
import { checkGpuPolicy } from './gpu-policy-checks.js'
import type { GpuFacts, Measured } from './gpu-policy-rules.js'
import { judgeVouchers } from './gpu-vouched.js'
import type { OcspClient } from './ocsp-client.js'
import type { GpuPolicy, Policy } from './policy.js'
import { blocked, type Finding, fail, isThere, ofDevice, type Problem, unknown } from './result.js'
import { appraiseRims } from './rim-appraise.js'
import type { VouchedClaim } from './vouched.js'
import type { Certificate } from './x509.js'

/** Evidence of GPUs, and everything to judge it by. */
export interface GpusAsked extends CheckedGpuMaterial {
  readonly gpus: readonly GpuEvidence[]
  readonly policy: Policy
  readonly roots: readonly Certificate[]
  readonly at: Date
  /** What they must have been asked with; null when nobody knows. */
  readonly nonce: Bytes | Problem | null
  /** Whether anybody says what was asked: the modes of AEP-83 give the GPUs a nonce all the same. */
  readonly challenged: boolean
}

export interface AppraisedGpus {
  readonly findings: readonly Finding[]
  /** Of each device whose evidence can be read. */
  readonly claims: readonly GpuClaims[]
}

interface Judged {
  readonly findings: readonly Finding[]
  readonly device: Device | null
  readonly claims: GpuClaims | null
}

/**
 * The findings on each device in the order of `GPU_CHECKS`, then those of the policy. A policy that
 * says `"any"` has none; one that says nothing leaves the question open.
 */
export async function judgeGpus(asked: GpusAsked): Promise<AppraisedGpus> {
  const { gpus } = asked.policy
  if (gpus === 'any') return { findings: unheard(asked), claims: [] }
  if (gpus === undefined) {
    return { findings: asked.gpus.length > 0 ? [unjudged()] : unheard(asked), claims: [] }
  }
  const judged = await Promise.all(asked.gpus.map((gpu) => judge(gpu, asked, gpus)))
  const devices = judged.flatMap(({ device }) => device ?? [])
  const vouched =
    asked.gpus.length > 0
      ? await judgeVouchers(asked, devices)
      : { findings: ownerless(asked), claims: [] }
  const findings = [...judged.flatMap((one) => one.findings), ...vouched.findings]
  return {
    findings: [
      ...checkIndices(asked.gpus),
      ...inOrder(findings),
      ...checkNonce(asked, gpus),
      ...checkVouched(asked, gpus),
      ...checkGpuPolicy(gpus, factsOf(judged, asked.gpus.length)),
    ],
    claims: judged.flatMap(({ claims }) => (claims ? withVouched(claims, vouched.claims) : [])),
  }
}

const withVouched = (claims: GpuClaims, vouched: readonly VouchedClaim[]): GpuClaims => ({
  ...claims,
  vouched: vouched.filter(({ device }) => device === claims.index),
})

const unjudged = (): Finding =>
  unknown(
    'gpu.evidence',
    'ERR_GPU_UNJUDGED',
    'the policy has no section on GPUs; it may leave them aside with "gpus": "any"',
  )

/** Whoever hands in a token wants to know what it says. */
const unheard = ({ vouchers }: GpusAsked): Finding[] => {
  const detail = 'there is a token about GPUs, and the policy looks at none'
  return vouchers.length > 0 ? [unknown('gpu.vouched', 'ERR_GPU_UNJUDGED', detail)] : []
}

const ownerless = ({ vouchers }: GpusAsked): Finding[] => {
  const detail = 'the token is about GPUs, and there is no evidence of any'
  return vouchers.length > 0 ? [fail('gpu.vouched', 'ERR_TOKEN_DEVICE', detail)] : []
}

/** By its index one finding is told from the next: what is said of one device must not stand for two. */
function checkIndices(gpus: readonly GpuEvidence[]): Finding[] {
  if (new Set(gpus.map(({ index }) => index)).size === gpus.length) return []
  return [fail('gpu.evidence', 'ERR_GPU_ORDER', 'two devices have the same index')]
}

async function judge(gpu: GpuEvidence, asked: GpusAsked, policy: GpuPolicy): Promise<Judged> {
  const { at, roots, nonce, ocspResponses: ocsp } = asked
  const ocspClient = policy.revocation === 'any' ? null : asked.ocspClient
  const { device, appraised } = startDevice(gpu, {
    at,
    roots,
    nonce: nonce && isThere(nonce) ? nonce : null,
    ocsp,
    ocspClient,
  })
  const [one, compared] = await Promise.all([
    appraised,
    device && compare(device, asked, policy, ocspClient),
  ])
  return {
    findings: [...aged(one, gpu.index, asked, policy), ...(compared?.findings ?? [])],
    device,
    claims: compared?.claims ?? null,
  }
}

/** With RIMs, where there are some or the policy needs them; while its signature is being verified. */
async function compare(
  device: Device,
  asked: GpusAsked,
  policy: GpuPolicy,
  ocspClient: OcspClient | null,
): Promise<{ readonly findings: readonly Finding[]; readonly claims: GpuClaims }> {
  const { at, roots, rims: documents, rimSource: source, ocspResponses: ocsp } = asked
  const revocation = { ocsp, ocspClient, required: policy.revocation !== 'any' }
  const { findings, claims } = wantsRims(policy, asked)
    ? await appraiseRims(device, { at, roots, documents, source, revocation })
    : NO_RIMS
  const { driver, vbios, measurements } = claims
  return {
    findings,
    claims: await gpuClaims(device, roots, { rims: { driver, vbios }, measurements }),
  }
}

const NO_RIMS = {
  findings: [],
  claims: { driver: null, vbios: null, measurements: 'unknown' },
} as const

/** RIMs that are given are judged whatever the policy says; without any, only one that needs them is. */
const wantsRims = ({ rim, secureBoot, debug }: GpuPolicy, { rims }: GpusAsked): boolean =>
  rims.length > 0 || [rim, secureBoot, debug].some((asked) => asked !== 'any')

const HOUR_MS = 3_600_000

/** OCSP responses must be there, and no older than the policy says. */
function aged(
  { findings, revocationAsOf }: AppraisedDevice,
  index: number,
  { at }: GpusAsked,
  { revocation }: GpuPolicy,
): readonly Finding[] {
  if (revocation === 'any') return findings
  const check = 'gpu.revocation'
  if (!findings.some((finding) => finding.check === check)) {
    const detail = 'no OCSP response is at hand, and nobody was asked for one'
    return [...findings, ofDevice(index, unknown(check, 'ERR_OCSP_MISSING', detail))]
  }
  const { maximumAgeHours } = revocation
  if (!revocationAsOf || at.getTime() - revocationAsOf.getTime() <= maximumAgeHours * HOUR_MS) {
    return findings
  }
  const detail = `an OCSP response is of ${revocationAsOf.toISOString()}, at most ${maximumAgeHours} hours old expected`
  const stale = ofDevice(index, unknown(check, 'ERR_OCSP_STALE', detail))
  return findings.map((one) => (one.check === check && one.outcome === 'pass' ? stale : one))
}

/** Check by check, so that what holds for every device stands together. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const rank = ({ check }: Finding) => (GPU_CHECKS as readonly string[]).indexOf(check)
  return [...findings].sort((a, b) => rank(a) - rank(b))
}

/** One that should be known and is not; or that the policy insists on, and nobody named. */
function checkNonce({ nonce, gpus, challenged }: GpusAsked, policy: GpuPolicy): Finding[] {
  const check = 'gpu.nonce'
  if (gpus.length === 0) return []
  if (nonce && !isThere(nonce)) return [blocked(check, nonce)]
  if (challenged) return []
  const detail = 'the policy requires that the GPUs answer a nonce, and none was given'
  return policy.nonce === 'require' ? [unknown(check, 'ERR_NONCE_MISSING', detail)] : []
}

/** Tokens that are given are judged; here it is whether there are any. */
function checkVouched({ vouchers, gpus }: GpusAsked, { vouched }: GpuPolicy): Finding[] {
  if (vouched === 'any' || vouchers.length > 0 || gpus.length === 0) return []
  const detail = 'the policy asks that somebody vouches for the GPUs, and there is no token'
  return [unknown('gpu.vouched', 'ERR_TOKEN_MISSING', detail)]
}

function factsOf(judged: readonly Judged[], total: number): GpuFacts {
  const unread = judged.find(({ device }) => device === null)
  const reason = unread?.findings.find(({ outcome }) => outcome !== 'pass')
  return {
    total,
    devices: judged.flatMap(({ device }) => device ?? []),
    unread: reason ? (reason as Problem) : null,
    measured: new Map(
      judged.flatMap(({ claims }): [number, Measured][] =>
        claims ? [[claims.index, claims.measurements]] : [],
      ),
    ),
  }
}

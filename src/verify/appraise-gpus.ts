// SPDX-License-Identifier: Apache-2.0
// Evidence of GPUs by itself, without that of a CPU → an Attestation Result. Nothing ties such GPUs to
// any guest.

import { REQUEST_NONCE_LEN } from '../../assembly/nvidia/layout.js'
import { REPORT_DATA_LEN } from '../../assembly/protocol.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import type { GpuEvidence } from '../evidence.js'
import { copies, copy, known, time, wrong } from './arguments.js'
import { readRoots } from './caller-roots.js'
import type { GpuClaims } from './gpu-claims.js'
import {
  checkGpuMaterial,
  checkGpus,
  GPU_MATERIAL,
  type GpuMaterial,
  withGpuNonce,
} from './gpu-options.js'
import { type GpusAsked, judgeGpus } from './gpus.js'
import { authenticity, type GpuPolicy, type Policy, parsePolicy } from './policy.js'
import { type AttestationResult, conclude, type Finding, fail, unknown } from './result.js'

/** Evidence of GPUs by itself, and everything to judge it by. */
export interface GpuAppraisal extends GpuMaterial {
  readonly gpus: readonly GpuEvidence[]
  /**
   * The 32 bytes that the GPUs were asked with, or the 64-byte nonce of AEP-83's raw mode, of which
   * they are the first 32. Null when nobody asked for this evidence.
   */
  readonly nonce: Uint8Array | null
  /** Roots to trust besides NVIDIA's, DER or PEM. The result says when one of them was used. */
  readonly roots?: readonly Uint8Array[]
  /** The time as of which certificates, RIMs and OCSP responses are judged. */
  readonly at: Date
  /** `'authenticity'` names the built-in policy, which here asks for no binding to a CPU. */
  readonly policy: Policy | 'authenticity'
}

/** The result of GPUs by themselves: `claims.binding` is null, because nothing binds them. */
export interface GpuAttestationResult extends Omit<AttestationResult, 'claims'> {
  readonly claims: {
    readonly snp: null
    readonly tdx: null
    readonly gpus: readonly GpuClaims[]
    readonly binding: null
  }
}

const OPTIONS: readonly (keyof GpuAppraisal)[] = [
  'gpus',
  'nonce',
  'roots',
  'at',
  'policy',
  ...GPU_MATERIAL,
]

/**
 * Decides on evidence of GPUs that comes without that of a CPU, as of `at`. What is `verified` are
 * genuine GPUs that answered this nonce, wherever they are: a policy that wants them bound to a guest
 * (`gpus.binding`) is not met.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`, `ERR_REPORT_DATA_LENGTH`, `ERR_POLICY_DOCUMENT`
 */
export async function appraiseGpus(options: GpuAppraisal): Promise<GpuAttestationResult> {
  const asked = check(options)
  const { policy, at } = asked
  const judged = await judgeGpus(asked)
  const findings = [...judged.findings, ...unbound(policy)]
  return {
    result: conclude(findings),
    findings,
    claims: { snp: null, tdx: null, gpus: judged.claims, binding: null },
    policy,
    evaluatedAt: at.toISOString(),
  }
}

function check(options: GpuAppraisal): GpusAsked {
  known(options, OPTIONS, 'options')
  const at = time(options.at, 'at')
  const gpus = checkGpus(options.gpus, 'gpus')
  if (gpus.length === 0) throw wrong('gpus is empty')
  const nonce = options.nonce === null ? null : checkGpuNonce(options.nonce)
  const policy = options.policy === 'authenticity' ? unbinding() : parsePolicy(options.policy)
  return {
    gpus,
    nonce,
    challenged: nonce !== null,
    roots: readRoots(copies(options.roots ?? [], 'roots')),
    at,
    policy: nonce ? withGpuNonce(policy) : policy,
    ...checkGpuMaterial(options),
  }
}

/** @throws {AttestationError} `ERR_ARGUMENT`, `ERR_REPORT_DATA_LENGTH` */
export function checkGpuNonce(given: Uint8Array): Bytes {
  const nonce = copy(given, 'nonce')
  if (nonce.length === REQUEST_NONCE_LEN || nonce.length === REPORT_DATA_LEN) {
    return nonce.slice(0, REQUEST_NONCE_LEN)
  }
  const lengths = `${REQUEST_NONCE_LEN} or ${REPORT_DATA_LEN}`
  throw new AttestationError(
    'ERR_REPORT_DATA_LENGTH',
    `nonce of ${lengths} bytes expected, got ${nonce.length}`,
  )
}

/** There is nothing here that could bind a GPU; the result shows that nobody asks for it. */
function unbinding(): Policy {
  const policy = authenticity()
  return { ...policy, gpus: { ...policy.gpus, binding: 'any' } }
}

function unbound({ gpus }: Policy): Finding[] {
  if (gpus === 'any') {
    const detail = 'the policy leaves GPUs aside, and there is nothing else to appraise'
    return [unknown('gpu.evidence', 'ERR_GPU_UNJUDGED', detail)]
  }
  if (!binds(gpus)) return []
  const detail = 'no evidence of a CPU vouches for these GPUs'
  return [fail('gpus.binding', 'ERR_GPU_UNBOUND', detail)]
}

const binds = (gpus: GpuPolicy | undefined): boolean => gpus?.binding === 'require'

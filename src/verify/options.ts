// SPDX-License-Identifier: Apache-2.0
// The call itself, checked whole and copied before any work: kinds, lengths, and no option that
// nobody reads.

import { NONCE_LEN_MAX, NONCE_LEN_MIN, REPORT_DATA_LEN } from '../../assembly/protocol.js'
import { gpuEvidenceDigest } from '../core/digest.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import {
  type BatchProof,
  type Evidence,
  type GpuEvidence,
  MODES,
  type Mode,
  TEES,
} from '../evidence.js'
import { copies, copy, copyOrNull, integer, known, time, wrong } from './arguments.js'
import { readRoots } from './caller-roots.js'
import type { SnpEndorser } from './endorser.js'
import {
  type CheckedGpuMaterial,
  checkGpuMaterial,
  checkGpus,
  GPU_MATERIAL,
  type GpuMaterial,
  withGpuNonce,
} from './gpu-options.js'
import { authenticity, type Policy, parsePolicy } from './policy.js'
import type { Certificate } from './x509.js'

/** What the tenant sent, and over which connection. */
export interface Challenge {
  /** 64 bytes in the raw and TLS modes of AEP-83, 32 to 64 in bound and batch mode. */
  readonly nonce: Uint8Array
  /** DER SubjectPublicKeyInfo at the other end of the tenant's TLS connection; null when unknown. */
  readonly channelSpki: Uint8Array | null
  /**
   * The user data that the tenant sent: the evidence must bind exactly that. Null or absent when it is
   * not stated.
   */
  readonly userData?: Uint8Array | null
}

/** One piece of evidence, and everything to judge it by. */
export interface Appraisal extends GpuMaterial {
  readonly evidence: Evidence
  /** Null when nobody asked for this evidence, so that its freshness cannot be judged. */
  readonly challenge: Challenge | null
  /**
   * DER, PEM or certificate tables, any order, besides those that the evidence carries: the VCEK or
   * VLEK certificate, and if at hand the rest of its chain and CRLs, at most 64 objects in all.
   * AMD's own roots and intermediates need not be among them.
   */
  readonly endorsements: readonly Uint8Array[]
  /** Who is asked for what is missing. Without one, nothing is fetched. */
  readonly endorser?: SnpEndorser
  /** Roots to trust besides AMD's, DER or PEM. The result says when one of them was used. */
  readonly roots?: readonly Uint8Array[]
  /** The time as of which certificates and CRLs are judged. */
  readonly at: Date
  /** `'authenticity'` names the built-in policy. */
  readonly policy: Policy | 'authenticity'
}

/** The same, checked and copied, so that nothing the caller does later changes it. */
export interface CheckedAppraisal extends CheckedGpuMaterial {
  readonly evidence: Evidence
  readonly challenge: CheckedChallenge | null
  readonly endorsements: readonly Bytes[]
  readonly endorser: SnpEndorser | null
  readonly roots: readonly Certificate[]
  readonly at: Date
  /** As applied: what the challenge adds to it is in it. */
  readonly policy: Policy
  /** The digest G over the evidence of all GPUs; null without any. Throws where they are out of order. */
  readonly gpuDigest: () => Bytes | null
}

export interface CheckedChallenge {
  readonly nonce: Bytes
  readonly channelSpki: Bytes | null
  readonly userData: Bytes | null
}

const OPTIONS: readonly (keyof Appraisal)[] = [
  'evidence',
  'challenge',
  'endorsements',
  'endorser',
  'roots',
  'at',
  'policy',
  ...GPU_MATERIAL,
]
const EVIDENCE: readonly (keyof Evidence)[] = [
  'tee',
  'mode',
  'report',
  'endorsements',
  'auxblob',
  'gpus',
  'claims',
  'batch',
]
/** @throws {AttestationError} `ERR_ARGUMENT`, `ERR_REPORT_DATA_LENGTH`, `ERR_POLICY_DOCUMENT` */
export function checkAppraisal(options: Appraisal): CheckedAppraisal {
  known(options, OPTIONS, 'options')
  const { endorser = null } = options
  const at = time(options.at, 'at')
  const evidence = checkEvidence(options.evidence)
  const challenge = checkChallenge(options.challenge, evidence.mode)
  return {
    evidence,
    challenge,
    endorsements: [
      ...evidence.endorsements,
      ...(evidence.auxblob.length > 0 ? [evidence.auxblob] : []),
      ...copies(options.endorsements, 'endorsements'),
    ],
    endorser,
    roots: readRoots(copies(options.roots ?? [], 'roots')),
    at,
    policy: applied(options.policy, challenge),
    gpuDigest: lazyDigest(evidence.gpus),
    ...checkGpuMaterial(options),
  }
}

/** Two checks ask for it, and eight GPUs have 34 kB of evidence. */
function lazyDigest(gpus: readonly GpuEvidence[]): () => Bytes | null {
  let digest: Bytes | undefined
  return () => {
    if (gpus.length === 0) return null
    digest ??= gpuEvidenceDigest(gpus)
    return digest
  }
}

/** What the challenge states is judged, whether or not the policy insists on it. */
function applied(given: Policy | 'authenticity', challenge: CheckedChallenge | null): Policy {
  const policy = given === 'authenticity' ? authenticity() : parsePolicy(given)
  if (!challenge) return policy
  const userData = challenge.userData ? 'require' : policy.binding.userData
  const { gpus, binding } = withGpuNonce(policy)
  if (binding.nonce === 'require' && userData === binding.userData && gpus === policy.gpus) {
    return policy
  }
  return { ...policy, ...(gpus && { gpus }), binding: { ...binding, nonce: 'require', userData } }
}

function checkEvidence(evidence: Evidence): Evidence {
  known(evidence, EVIDENCE, 'evidence')
  const { tee, mode, claims, batch } = evidence
  if (!TEES.includes(tee)) throw wrong(`evidence.tee is none of ${TEES.join(', ')}`)
  if (!MODES.includes(mode)) throw wrong(`evidence.mode is none of ${MODES.join(', ')}`)
  if ((mode === 'batch') !== (batch !== null)) throw wrong('batch mode and evidence.batch differ')
  known(claims, ['tlsSpki', 'hpke', 'userData'], 'evidence.claims')
  return {
    tee,
    mode,
    report: copy(evidence.report, 'evidence.report'),
    endorsements: copies(evidence.endorsements, 'evidence.endorsements'),
    auxblob: copy(evidence.auxblob, 'evidence.auxblob'),
    gpus: checkGpus(evidence.gpus, 'evidence.gpus'),
    claims: {
      tlsSpki: copyOrNull(claims.tlsSpki, 'evidence.claims.tlsSpki'),
      hpke: copyOrNull(claims.hpke, 'evidence.claims.hpke'),
      userData: copyOrNull(claims.userData, 'evidence.claims.userData'),
    },
    batch: batch === null ? null : checkBatch(batch),
  }
}

function checkBatch(batch: BatchProof): BatchProof {
  known(batch, ['size', 'index', 'claimPath', 'noncePath'], 'evidence.batch')
  const { size, index, claimPath, noncePath } = batch
  return {
    size: integer(size, 'evidence.batch.size'),
    index: integer(index, 'evidence.batch.index'),
    claimPath: copies(claimPath, 'evidence.batch.claimPath'),
    noncePath: noncePath && copies(noncePath, 'evidence.batch.noncePath'),
  }
}

/** @throws {AttestationError} `ERR_ARGUMENT`, `ERR_REPORT_DATA_LENGTH` */
export function checkChallenge(challenge: Challenge | null, mode: Mode): CheckedChallenge | null {
  if (challenge === null) return null
  known(challenge, ['nonce', 'channelSpki', 'userData'], 'challenge')
  const nonce = copy(challenge.nonce, 'challenge.nonce')
  const least = mode === 'raw' || mode === 'tls' ? REPORT_DATA_LEN : NONCE_LEN_MIN
  if (nonce.length < least || nonce.length > NONCE_LEN_MAX) {
    const length = least === NONCE_LEN_MAX ? `${least}` : `${least} to ${NONCE_LEN_MAX}`
    throw new AttestationError(
      'ERR_REPORT_DATA_LENGTH',
      `nonce of ${length} bytes expected in ${mode} mode, got ${nonce.length}`,
    )
  }
  return {
    nonce,
    channelSpki: copyOrNull(challenge.channelSpki, 'challenge.channelSpki'),
    userData: copyOrNull(challenge.userData ?? null, 'challenge.userData'),
  }
}

// SPDX-License-Identifier: Apache-2.0
// What evidence of GPUs is judged by, as a caller hands it in.

import type { Bytes } from '../core/private-copy.js'
import type { GpuEvidence } from '../evidence.js'
import { copies, copy, integer, known, list } from './arguments.js'
import type { OcspClient } from './ocsp-client.js'
import type { Policy } from './policy.js'
import type { RimSource } from './rim-source.js'
import { checkVouchers, type Voucher } from './vouchers.js'

/** What evidence of GPUs is judged by, besides the policy. Evidence without GPUs needs none of it. */
export interface GpuMaterial {
  /** RIMs at hand: XML documents, of whatever drivers and VBIOS. */
  readonly rims?: readonly Uint8Array[]
  /** OCSP responses at hand, DER, about whatever certificates. */
  readonly ocspResponses?: readonly Uint8Array[]
  /** Who is asked for RIMs that are not at hand, where the policy needs them. */
  readonly rimSource?: RimSource
  /** Who is asked for the status of certificates, where the policy needs it. */
  readonly ocspClient?: OcspClient
  /** Tokens of somebody else who has looked at this evidence, as of this nonce. */
  readonly vouchers?: readonly Voucher[]
}

/** The same, checked and copied. */
export interface CheckedGpuMaterial {
  readonly rims: readonly Bytes[]
  readonly ocspResponses: readonly Bytes[]
  readonly rimSource: RimSource | null
  readonly ocspClient: OcspClient | null
  readonly vouchers: readonly Voucher[]
}

export const GPU_MATERIAL: readonly (keyof GpuMaterial)[] = [
  'rims',
  'ocspResponses',
  'rimSource',
  'ocspClient',
  'vouchers',
]

/** @throws {AttestationError} `ERR_ARGUMENT` */
export const checkGpuMaterial = (material: GpuMaterial): CheckedGpuMaterial => ({
  rims: copies(material.rims ?? [], 'rims'),
  ocspResponses: copies(material.ocspResponses ?? [], 'ocspResponses'),
  rimSource: material.rimSource ?? null,
  ocspClient: material.ocspClient ?? null,
  vouchers: checkVouchers(material.vouchers ?? []),
})

/** @throws {AttestationError} `ERR_ARGUMENT`, naming the device under `name` */
export const checkGpus = (gpus: readonly GpuEvidence[], name: string): GpuEvidence[] =>
  list(gpus, name).map((gpu, at) => {
    known(gpu, ['index', 'evidence', 'certChain'], `${name}[${at}]`)
    return {
      index: integer(gpu.index, `${name}[${at}].index`),
      evidence: copy(gpu.evidence, `${name}[${at}].evidence`),
      certChain: copy(gpu.certChain, `${name}[${at}].certChain`),
    }
  })

/** The policy where a nonce is known: GPUs are judged by it, whether or not the policy insists. */
export function withGpuNonce(policy: Policy): Policy {
  const { gpus } = policy
  if (gpus === undefined || gpus === 'any' || gpus.nonce === 'require') return policy
  return { ...policy, gpus: { ...gpus, nonce: 'require' } }
}

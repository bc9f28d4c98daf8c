// SPDX-License-Identifier: Apache-2.0
// What attestation services are asked with: the evidence of devices, their nonce, and nothing else
// about who asks.

import { REQUEST_NONCE_LEN } from '../../assembly/nvidia/layout.js'
import type { Bytes } from '../core/private-copy.js'
import { toBase64, toHex } from '../encoding.js'
import type { GpuEvidence } from '../evidence.js'
import { wrong } from './arguments.js'
import type { NrasClaimsVersion } from './nras-claims.js'

/** As NVIDIA's Remote Attestation Service calls them; LS10 is an NVSwitch. */
export type NrasArchitecture = 'HOPPER' | 'BLACKWELL' | 'LS10'

/** One device in a request. */
interface SentEvidence {
  /** Base64 of the report. */
  readonly evidence: string
  /** Base64 of the certificate chain in PEM. */
  readonly certificate: string
}

/** Body of a request to `/v3/attest/…` and `/v4/attest/…` of the service. */
export interface NrasRequest {
  /** Hex. */
  readonly nonce: string
  readonly arch: NrasArchitecture
  /** Version 2.0 is what API v3 answers with, without being told. */
  readonly claims_version?: '3.0'
  readonly evidence_list: readonly SentEvidence[]
}

/** `val` and `iat` of a nonce of Intel Trust Authority, as it gave them. */
export interface ItaNonce {
  readonly val: string
  readonly iat: string
  readonly signature: string
}

/** What Intel Trust Authority is asked besides about the GPUs. */
export interface ItaOptions {
  /** A quote of the CPU for one composite token, with what its report data was made of. */
  readonly tdx?: { readonly quote: Bytes; readonly runtimeData?: Bytes; readonly userData?: Bytes }
  /** The nonce of `GET /appraisal/v2/nonce` that evidence was made for. */
  readonly verifierNonce?: ItaNonce
  /** Appraisal policies of the caller's account, by their ids. */
  readonly policyIds?: readonly string[]
  /** No token at all unless every policy matches. */
  readonly policiesMustMatch?: boolean
  readonly algorithm?: 'PS384' | 'RS256'
}

/** As many as a machine has, GPUs or NVSwitches, and some to spare. */
const DEVICES_MAX = 64

/**
 * The request to NVIDIA's Remote Attestation Service about devices of one kind.
 *
 * @param nonce the 32 bytes that every device was asked to carry
 * @param claimsVersion of the answer: 3.0 is for API v4, 2.0 for v3
 * @throws {AttestationError} `ERR_ARGUMENT` for no devices, a device without certificates, or a nonce
 * of another length
 */
export function nrasRequest(
  devices: readonly GpuEvidence[],
  nonce: Uint8Array,
  architecture: NrasArchitecture,
  claimsVersion: NrasClaimsVersion = '3.0',
): NrasRequest {
  return {
    nonce: nonceHex(nonce),
    arch: architecture,
    ...(claimsVersion === '3.0' && { claims_version: claimsVersion }),
    evidence_list: sent(devices),
  }
}

/**
 * The request to Intel Trust Authority about GPUs, alone or with a TDX quote; it does not take
 * NVSwitches.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`, as for `nrasRequest`
 */
export function itaRequest(
  devices: readonly GpuEvidence[],
  nonce: Uint8Array,
  architecture: 'HOPPER' | 'BLACKWELL',
  options: ItaOptions = {},
): object {
  const { tdx, verifierNonce, policyIds = [], policiesMustMatch, algorithm = 'PS384' } = options
  const checked = verifierNonce && { verifier_nonce: verifierNonce }
  return {
    ...(policyIds.length > 0 && { policy_ids: policyIds }),
    ...(policiesMustMatch !== undefined && { policy_must_match: policiesMustMatch }),
    token_signing_alg: algorithm,
    ...(tdx && { tdx: { ...tdxOf(tdx), ...checked } }),
    nvgpu: {
      gpu_nonce: nonceHex(nonce),
      arch: architecture.toLowerCase(),
      evidence_list: sent(devices),
      ...checked,
    },
  }
}

const tdxOf = ({ quote, runtimeData, userData }: NonNullable<ItaOptions['tdx']>) => ({
  quote: toBase64(quote),
  ...(runtimeData && { runtime_data: toBase64(runtimeData) }),
  ...(userData && { user_data: toBase64(userData) }),
})

function nonceHex(nonce: Uint8Array): string {
  if (nonce.length !== REQUEST_NONCE_LEN)
    throw wrong(`a nonce of ${REQUEST_NONCE_LEN} bytes expected`)
  return toHex(nonce)
}

function sent(devices: readonly GpuEvidence[]): readonly SentEvidence[] {
  if (devices.length === 0 || devices.length > DEVICES_MAX) {
    throw wrong(`evidence of 1 to ${DEVICES_MAX} devices expected, got ${devices.length}`)
  }
  return devices.map(({ index, evidence, certChain }) => {
    if (certChain.length === 0) throw wrong(`device ${index} has no certificates`)
    return { evidence: toBase64(evidence), certificate: toBase64(certChain) }
  })
}

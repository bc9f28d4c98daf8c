// SPDX-License-Identifier: Apache-2.0
// What Intel Trust Authority has to say about a GPU before it counts as vouched for. It asks NVIDIA's
// service itself and repeats its claims of version 1 (Intel Trust Authority, "GPU remote attestation").

import { AttestationError } from '../errors.js'
import type { Claims } from './jws.js'
import { type DeviceSaid, ueidClaim, warningOf } from './nras-claims.js'
import { brief, checkClaims, textClaim } from './token-claims.js'

/** Of the device. The issuer is whom Intel has asked, and its staging is refused as well. */
const DEVICE: Claims = {
  iss: 'https://nras.attestation.nvidia.com',
  sub: 'NVIDIA-GPU-ATTESTATION',
  measres: 'comparison-successful',
  secboot: true,
  dbgstat: 'disabled',
}

const DETAILS = 'x-nvidia-attestation-detailed-result'
/** Each has to be true. */
const HELD = [
  'x-nvidia-gpu-arch-check',
  'x-nvidia-gpu-nonce-match',
  'x-nvidia-gpu-measurements-match',
  'x-nvidia-gpu-attestation-report-parsed',
  'x-nvidia-gpu-attestation-report-cert-chain-validated',
  'x-nvidia-gpu-attestation-report-signature-verified',
  'x-nvidia-gpu-driver-rim-schema-fetched',
  'x-nvidia-gpu-driver-rim-schema-validated',
  'x-nvidia-gpu-driver-rim-signature-verified',
  'x-nvidia-gpu-driver-rim-cert-validated',
  'x-nvidia-gpu-driver-rim-driver-measurements-available',
  'x-nvidia-gpu-vbios-rim-schema-fetched',
  'x-nvidia-gpu-vbios-rim-schema-validated',
  'x-nvidia-gpu-vbios-rim-signature-verified',
  'x-nvidia-gpu-vbios-rim-cert-validated',
  'x-nvidia-gpu-vbios-rim-measurements-available',
] as const

/**
 * Everything that has to hold about the GPU, its nonce aside.
 *
 * @throws {AttestationError} `ERR_TOKEN_CLAIM`
 */
export function checkItaClaims(claims: Claims): DeviceSaid {
  checkClaims(claims, DEVICE)
  const details = claims[DETAILS]
  if (typeof details !== 'object' || details === null) {
    throw new AttestationError('ERR_TOKEN_CLAIM', `${DETAILS} is ${brief(details)}`)
  }
  checkClaims(details as Claims, Object.fromEntries(HELD.map((name) => [name, true])))
  return {
    ueid: ueidClaim(claims),
    hwModel: textClaim(claims, 'hwmodel'),
    driverVersion: textClaim(claims, 'x-nvidia-gpu-driver-version'),
    firmwareVersion: textClaim(claims, 'x-nvidia-gpu-vbios-version'),
    warning: warningOf(details as Claims),
  }
}

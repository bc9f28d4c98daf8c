// SPDX-License-Identifier: Apache-2.0
// What NVIDIA's Remote Attestation Service has to say about a device before it counts as vouched for:
// claims of version 2.0 (API v3) and 3.0 (API v4), of GPUs and of NVSwitches.

import { AttestationError } from '../errors.js'
import type { Claims } from './jws.js'
import { brief, checkClaims, textClaim } from './token-claims.js'

/** Versions of the claims, as `x-nvidia-ver` of the overall token names them. */
export const NRAS_CLAIMS = ['2.0', '3.0'] as const
export type NrasClaimsVersion = (typeof NRAS_CLAIMS)[number]

/** What a token says about the device itself. */
export interface DeviceSaid {
  /** Decimal; the serial of the leaf certificate of the evidence. */
  readonly ueid: string
  readonly hwModel: string
  /** Null for an NVSwitch, which has none. */
  readonly driverVersion: string | null
  /** Of the VBIOS, or of an NVSwitch's BIOS. */
  readonly firmwareVersion: string
  /** What the verifier wants a reader to know although it vouches; null when it says nothing. */
  readonly warning: string | null
}

/** Names of the same claims differ by device. */
const DEVICES = {
  gpu: { prefix: 'x-nvidia-gpu', rims: ['driver', 'vbios'], firmware: 'vbios' },
  switch: { prefix: 'x-nvidia-switch', rims: ['bios'], firmware: 'bios' },
} as const

/** Of a chain of certificates, in claims 3.0. */
const GOOD_CHAIN: Claims = {
  'x-nvidia-cert-status': 'valid',
  'x-nvidia-cert-ocsp-status': 'good',
}

/**
 * Everything that has to hold about one device, its nonce and its times aside.
 *
 * @throws {AttestationError} `ERR_TOKEN_RESULT` when the service refused the device, `ERR_TOKEN_CLAIM`
 * when it says too little
 */
export function checkDeviceClaims(
  claims: Claims,
  kind: 'gpu' | 'switch',
  version: NrasClaimsVersion,
): DeviceSaid {
  checkNoError(claims)
  const { prefix, rims, firmware } = DEVICES[kind]
  checkClaims(claims, required(kind, version))
  if (version === '3.0') {
    checkChain(claims, `${prefix}-attestation-report-cert-chain`)
    for (const rim of rims) checkChain(claims, `${prefix}-${rim}-rim-cert-chain`)
  }
  return {
    ueid: ueidClaim(claims),
    hwModel: textClaim(claims, 'hwmodel'),
    driverVersion: kind === 'gpu' ? textClaim(claims, `${prefix}-driver-version`) : null,
    firmwareVersion: textClaim(claims, `${prefix}-${firmware}-version`),
    warning: warningOf(claims),
  }
}

/** The claims that are the same for every device of a kind. */
function required(kind: 'gpu' | 'switch', version: NrasClaimsVersion): Claims {
  const { prefix, rims } = DEVICES[kind]
  const report = `${prefix}-attestation-report`
  const chains = version === '2.0'
  const held = [
    `${prefix}-arch-check`,
    `${report}-parsed`,
    `${report}-nonce-match`,
    `${report}-signature-verified`,
    chains ? `${report}-cert-chain-validated` : `${report}-cert-chain-fwid-match`,
    ...rims.flatMap((rim) => [
      `${prefix}-${rim}-rim-fetched`,
      `${prefix}-${rim}-rim-schema-validated`,
      `${prefix}-${rim}-rim-signature-verified`,
      chains ? `${prefix}-${rim}-rim-cert-validated` : `${prefix}-${rim}-rim-version-match`,
      `${prefix}-${rim}-rim-measurements-available`,
    ]),
    ...(kind === 'gpu' ? [`${prefix}-vbios-index-no-conflict`] : []),
  ]
  return {
    measres: 'success',
    secboot: true,
    dbgstat: 'disabled',
    ...Object.fromEntries(held.map((name) => [name, true])),
  }
}

function checkChain(claims: Claims, name: string): void {
  const chain = claims[name]
  if (typeof chain !== 'object' || chain === null) {
    throw new AttestationError('ERR_TOKEN_CLAIM', `${name} is ${brief(chain)}`)
  }
  try {
    checkClaims(chain as Claims, GOOD_CHAIN)
  } catch (cause) {
    const { message } = cause as Error
    throw new AttestationError('ERR_TOKEN_CLAIM', `${name}: ${message}`, { cause })
  }
}

/** The service refuses with HTTP 200 and a token that says why, and little else. */
function checkNoError({ 'x-nvidia-error-details': error }: Claims): void {
  if (error === undefined || error === null) return
  const { code, message } = error as Claims
  throw new AttestationError(
    'ERR_TOKEN_RESULT',
    `the device was refused: error ${brief(code)}, ${brief(message)}`,
  )
}

/** A serial of at most 20 bytes (RFC 5280 section 4.1.2.2). */
export function ueidClaim({ ueid }: Claims): string {
  if (typeof ueid === 'string' && /^[1-9]\d{0,48}$/.test(ueid)) return ueid
  throw new AttestationError('ERR_TOKEN_CLAIM', `ueid is ${brief(ueid)}, not a decimal serial`)
}

/** Text, a list of texts, or nothing. */
export function warningOf({ 'x-nvidia-attestation-warning': warning }: Claims): string | null {
  if (warning === undefined || warning === null) return null
  const text = typeof warning === 'string' ? warning : JSON.stringify(warning)
  // For one line of a report, whoever wrote it.
  return text.replace(/[^\x20-\x7e]/g, ' ').slice(0, 256)
}

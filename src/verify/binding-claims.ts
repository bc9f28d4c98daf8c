// SPDX-License-Identifier: Apache-2.0
// What evidence binds, JSON-ready, as far as REPORT_DATA was shown to be composed of it.

import { toHex } from '../encoding.js'
import type { Mode } from '../evidence.js'
import { isComposed } from './binding.js'
import type { CheckedAppraisal } from './options.js'
import type { Finding } from './result.js'
import { sha256 } from './roots.js'

/** What REPORT_DATA was shown to stand for; null where it was not shown, or there is nothing. */
export interface BindingClaims {
  /** How REPORT_DATA is composed, by the form of the evidence. */
  readonly mode: Mode
  /** The tenant's nonce in hex, once REPORT_DATA was found to carry it. */
  readonly nonce: string | null
  /** SHA-256 of the SubjectPublicKeyInfo of the bound TLS key. */
  readonly tlsSpkiSha256: string | null
  /** KEM id and public key of the bound HPKE key, in hex. */
  readonly hpke: string | null
  readonly userData: string | null
  /** Digest G over the evidence of all GPUs, in hex. */
  readonly gpuDigest: string | null
  readonly batch: { readonly size: number; readonly index: number } | null
}

/** Claims are of use once REPORT_DATA was found to be composed of them. */
export async function bindingClaims(
  { evidence, challenge, gpuDigest }: CheckedAppraisal,
  findings: readonly Finding[],
): Promise<BindingClaims> {
  const { mode, claims, batch } = evidence
  const shown = findings.some(
    ({ check, outcome }) => check === 'binding.nonce' && outcome === 'pass',
  )
  const composed = shown && isComposed(mode)
  const tlsKey = mode === 'tls' ? challenge?.channelSpki : claims.tlsSpki
  const digest = composed ? gpuDigest() : null
  return {
    mode,
    nonce: shown && challenge ? toHex(challenge.nonce) : null,
    tlsSpkiSha256: shown && mode !== 'raw' && tlsKey ? await sha256(tlsKey) : null,
    hpke: composed && claims.hpke ? toHex(claims.hpke) : null,
    userData: composed && claims.userData ? toHex(claims.userData) : null,
    gpuDigest: digest && toHex(digest),
    batch: shown && batch ? { size: batch.size, index: batch.index } : null,
  }
}

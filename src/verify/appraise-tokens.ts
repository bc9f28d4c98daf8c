// SPDX-License-Identifier: Apache-2.0
// Tokens of attestation services by themselves → an Attestation Result. It is what somebody else says
// about GPUs whose evidence nobody has shown.

import { checkGpuNonce } from './appraise-gpus.js'
import { known, time, wrong } from './arguments.js'
import { authenticity } from './policy.js'
import { type AttestationResult, conclude } from './result.js'
import type { VouchedClaim } from './vouched.js'
import { appraiseVouchers, checkVouchers, type Voucher } from './vouchers.js'

/** Tokens, and everything to judge them by. */
export interface TokenAppraisal {
  readonly vouchers: readonly Voucher[]
  /** The 32 bytes that the GPUs were asked with, or AEP-83's 64, of which they are the first. */
  readonly nonce: Uint8Array
  /** The time as of which tokens are judged. */
  readonly at: Date
}

/** The result of tokens by themselves: nothing is claimed about a GPU but what they say. */
export interface TokenAttestationResult extends Omit<AttestationResult, 'claims'> {
  readonly claims: {
    readonly snp: null
    readonly tdx: null
    readonly gpus: readonly never[]
    readonly vouched: readonly VouchedClaim[]
    readonly binding: null
  }
}

/**
 * Decides on tokens that come without evidence. What is `verified` is that somebody, who is named,
 * vouches for some GPUs as of this nonce.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`, `ERR_REPORT_DATA_LENGTH`
 */
export async function appraiseTokens(options: TokenAppraisal): Promise<TokenAttestationResult> {
  known(options, ['vouchers', 'nonce', 'at'], 'options')
  const at = time(options.at, 'at')
  const vouchers = checkVouchers(options.vouchers)
  if (vouchers.length === 0) throw wrong('vouchers is empty')
  const nonce = checkGpuNonce(options.nonce)
  const { findings, claims } = await appraiseVouchers(vouchers, { at, nonce, devices: null })
  return {
    result: conclude(findings),
    findings,
    claims: { snp: null, tdx: null, gpus: [], vouched: claims, binding: null },
    // The built-in one, of which nothing applies: no policy can look at what is not there.
    policy: { ...authenticity(), gpus: 'any' },
    evaluatedAt: at.toISOString(),
  }
}

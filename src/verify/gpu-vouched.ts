// SPDX-License-Identifier: Apache-2.0
// The tokens that came with evidence of GPUs, beside the devices of that evidence.

import type { Bytes } from '../core/private-copy.js'
import { blocked, type Finding, isThere, type Problem, unknown } from './result.js'
import type { SentDevice, VouchedClaim } from './vouched.js'
import { appraiseVouchers, type Voucher } from './vouchers.js'

/** What tokens are judged by. */
export interface VouchedAsked {
  readonly vouchers: readonly Voucher[]
  readonly at: Date
  /** What the devices must have been asked with; null when nobody knows. */
  readonly nonce: Bytes | Problem | null
}

export interface JudgedVouchers {
  readonly findings: readonly Finding[]
  readonly claims: readonly VouchedClaim[]
}

/** Nothing without tokens; with one, each device has to be vouched for. */
export async function judgeVouchers(
  { vouchers, at, nonce }: VouchedAsked,
  devices: readonly SentDevice[],
): Promise<JudgedVouchers> {
  const check = 'gpu.vouched'
  if (vouchers.length === 0) return { findings: [], claims: [] }
  if (nonce === null) {
    const detail = 'nobody says which nonce the token has to be for'
    return { findings: [unknown(check, 'ERR_NONCE_MISSING', detail)], claims: [] }
  }
  if (!isThere(nonce)) return { findings: [blocked(check, nonce)], claims: [] }
  return appraiseVouchers(vouchers, { at, nonce, devices })
}

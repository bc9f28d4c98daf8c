// SPDX-License-Identifier: Apache-2.0
// `assay verify --nras` without any evidence: what somebody else says about GPUs that nobody shows.

import { appraiseTokens, type TokenAttestationResult } from '../verify/index.js'
import { refuseFlags, usage } from './arguments.js'
import type { GpuFlags } from './gpu-flags.js'
import type { Io } from './io.js'
import { readNonce } from './live-flags.js'
import { type PolicyFlags, policyOf } from './policy-flags.js'
import type { SubjectFlags } from './subject.js'
import { CPU_ONLY } from './verify-gpus.js'
import { readVouchers, type VoucherFlags } from './voucher-flags.js'

interface Flags extends VoucherFlags, PolicyFlags, GpuFlags, SubjectFlags {
  readonly endorsement?: readonly string[]
  readonly roots?: readonly string[]
  readonly ear?: string
}

/** Of no use without evidence. */
const EVIDENCE_ONLY = [...CPU_ONLY, 'certChain', 'rim', 'ocsp', 'roots'] as const

/** Whether tokens are all that there is. */
export const areAlone = (target: string | undefined, { snp, gpu, nras, ita }: Flags): boolean =>
  (nras ?? ita) !== undefined && (target ?? snp ?? gpu) === undefined

/** @throws {AttestationError} `ERR_USAGE`, and what reading a file throws */
export async function judgeTokens(flags: Flags, at: Date, io: Io): Promise<TokenAttestationResult> {
  refuseFlags(flags, EVIDENCE_ONLY, 'is for evidence; --nras and --ita alone have none')
  if (flags.policy !== 'authenticity') {
    await policyOf(flags, io)
    throw usage('a policy file is for evidence: add --gpu FILE, or name --policy authenticity')
  }
  const nonce = readNonce(flags.nonce)
  if (nonce === null) throw usage('--nras and --ita need --nonce, which they have to be for')
  return appraiseTokens({ vouchers: await readVouchers(flags, io), nonce, at })
}

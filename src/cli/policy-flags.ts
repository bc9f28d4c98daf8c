// SPDX-License-Identifier: Apache-2.0
// `--policy`, and what other flags add to it.

import { REPORT_DATA_LEN } from '../../assembly/snp/layout.js'
import { fromHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import type { Policy } from '../verify/index.js'
import { usage } from './arguments.js'
import type { Io } from './io.js'
import { readPolicy } from './policy.js'

export interface PolicyFlags {
  readonly policy?: string
  readonly reportData?: string
  readonly tlsKey?: string
}

/**
 * The policy that was named, with REPORT_DATA pinned where a flag says what it must be, and a TLS
 * key required where one is given to compare.
 *
 * @throws {AttestationError} `ERR_USAGE`, `ERR_POLICY_DOCUMENT`, `ERR_REPORT_DATA_LENGTH`, and what
 * reading a file throws
 */
export async function policyOf(
  { policy, reportData, tlsKey }: PolicyFlags,
  io: Io,
): Promise<Policy> {
  if (policy === undefined) {
    throw usage(
      'nothing is decided without a policy: --policy authenticity, or --policy FILE, which "assay policy init" writes',
    )
  }
  const named = await readPolicy(policy, io)
  const policed = reportData === undefined ? named : pinned(named, reportData)
  if (tlsKey === undefined) return policed
  return { ...policed, binding: { ...policed.binding, tlsKey: 'require' } }
}

function pinned(policy: Policy, hex: string): Policy {
  const bytes = fromHex(hex, '--report-data')
  if (bytes.length !== REPORT_DATA_LEN) {
    const lengths = `${REPORT_DATA_LEN} bytes expected, got ${bytes.length}`
    throw new AttestationError('ERR_REPORT_DATA_LENGTH', `--report-data: ${lengths}`)
  }
  const { snp } = policy
  const reportData = hex.toLowerCase()
  if (!snp || (snp.reportData !== 'any' && snp.reportData !== reportData)) {
    throw usage('the policy does not accept the REPORT_DATA that --report-data names')
  }
  return { ...policy, snp: { ...snp, reportData } }
}

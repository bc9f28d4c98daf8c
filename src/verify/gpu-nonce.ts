// SPDX-License-Identifier: Apache-2.0
// The nonce that the GPUs of an answer must have been asked with (assay evidence protocol, sections 3
// and 4).

import { REQUEST_NONCE_LEN } from '../../assembly/nvidia/layout.js'
import { gpuNonce } from '../core/digest.js'
import { merkleRoot } from '../core/merkle.js'
import type { Bytes } from '../core/private-copy.js'
import { parseSnpReport } from '../core/snp.js'
import { parseTdxQuote } from '../core/tdx.js'
import { AttestationError } from '../errors.js'
import type { BatchProof, Evidence } from '../evidence.js'
import type { CheckedAppraisal } from './options.js'
import { type Problem, readable } from './result.js'

/**
 * 32 bytes; null when only the tenant could know them and did not say. In the modes of AEP-83 they
 * open REPORT_DATA, whoever composed that. A problem where they should be known and are not.
 */
export function expectedGpuNonce({
  evidence,
  challenge,
}: Pick<CheckedAppraisal, 'evidence' | 'challenge'>): Bytes | Problem | null {
  const { mode, batch } = evidence
  if (mode === 'raw' || mode === 'tls') {
    return readable(() => reportDataOf(evidence).slice(0, REQUEST_NONCE_LEN))
  }
  if (!challenge) return null
  const { nonce } = challenge
  if (mode === 'bound') return readable(() => gpuNonce(nonce))
  return readable(() => gpuNonce(nonceTreeRoot(nonce, batch as BatchProof)))
}

/** REPORT_DATA as it stands in the report or quote, worth what the findings on those say. */
export const reportDataOf = ({ tee, report }: Evidence): Bytes =>
  tee === 'snp' ? parseSnpReport(report).reportData : parseTdxQuote(report).body.reportData

/** Of the nonces of all requests in the batch. */
function nonceTreeRoot(nonce: Bytes, { index, size, noncePath }: BatchProof): Bytes {
  if (noncePath) return merkleRoot(nonce, index, size, noncePath)
  throw new AttestationError('ERR_MERKLE_PATH', 'the answer has no path of the nonce tree')
}

// SPDX-License-Identifier: Apache-2.0
// The signature under the report of a GPU or NVSwitch, by the key of the leaf.

import type { GpuReport } from '../core/nvidia.js'
import { type Finding, fail, pass } from './result.js'
import { verifyP384 } from './signature.js'
import type { Certificate } from './x509.js'

const CHECK = 'gpu.signature'

/** ECDSA is malleable: the other of the two S verifies as well, so that no report is its own name. */
export async function checkSignature(
  { signature, signedBytes }: GpuReport,
  { spki }: Certificate,
): Promise<Finding> {
  return (await verifyP384(spki, signature, signedBytes))
    ? pass(CHECK, 'the key of the first certificate signed the report')
    : fail(
        CHECK,
        'ERR_NVIDIA_SIGNATURE',
        'the key of the first certificate did not sign the report',
      )
}

// SPDX-License-Identifier: Apache-2.0
// The GPU nonce and the digest G straight off protocol.md section 3, with node:crypto.

import { createHash } from 'node:crypto'
import type { DeviceEvidence } from '../../src/core/digest.js'

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function gpuEvidenceDigest(devices: readonly DeviceEvidence[]): Buffer {
  const hash = createHash('sha384').update('assay/gpu-evidence/v1\0').update(u32(devices.length))
  for (const { index, evidence } of devices) {
    hash
      .update(u32(index))
      .update(u32(evidence.length))
      .update(createHash('sha384').update(evidence).digest())
  }
  return hash.digest()
}

export const gpuNonce = (root: Uint8Array): Buffer =>
  createHash('sha256').update('assay/gpu-nonce/v1\0').update(root).digest()

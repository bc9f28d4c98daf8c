// SPDX-License-Identifier: Apache-2.0
// Does the core bind the evidence of eight GPUs as fast as node:crypto would?

import { createHash, hash, randomBytes } from 'node:crypto'
import { gpuEvidenceDigest } from 'assay'
import type { Question } from './harness.js'

const DEVICES = 8
/** As long as the evidence of a GPU, more or less. */
const REPORT_LEN = 6 * 1024

export function digestQuestions(): Question[] {
  const devices = Array.from({ length: DEVICES }, (_, index) => ({
    index,
    evidence: new Uint8Array(randomBytes(REPORT_LEN)),
  }))
  const reports = devices.map(({ evidence }) => evidence)
  const created = (bytes: Uint8Array) => createHash('sha384').update(bytes).digest()
  const direct = (bytes: Uint8Array) => hash('sha384', bytes, 'buffer')
  return [
    {
      title: 'Digest G of eight GPU reports of 6 KiB',
      contenders: [
        { name: 'assay', run: () => gpuEvidenceDigest(devices) },
        { name: 'node:crypto createHash', run: () => digestWith(created, reports), atLeast: 1 },
        { name: 'node:crypto hash', run: () => digestWith(direct, reports) },
      ],
    },
  ]
}

/** G (protocol, section 3) with somebody else's SHA-384. */
function digestWith(sha384: (bytes: Uint8Array) => Buffer, reports: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from('assay/gpu-evidence/v1\0'), u32(reports.length)]
  for (const [index, evidence] of reports.entries()) {
    parts.push(u32(index), u32(evidence.length), sha384(evidence))
  }
  return sha384(Buffer.concat(parts))
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

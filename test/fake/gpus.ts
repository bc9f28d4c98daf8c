// SPDX-License-Identifier: Apache-2.0
// GPUs of a throwaway NVIDIA, which answer any nonce.

import type { GpuEvidence } from '../../src/evidence.js'
import { gpuReportTemplate, signGpuReport } from '../../src/simulate/gpu-report.js'
import { mintNvidia } from '../../src/simulate/nvidia.js'
import { type Architecture, GPU_MODELS } from '../../src/simulate/nvidia-models.js'

type Bytes = Uint8Array<ArrayBuffer>

export interface FakeGpus {
  /** DER. Nobody trusts it unless told to. */
  readonly root: Bytes
  /** What every GPU answers to this nonce. */
  answer(nonce: Uint8Array): Promise<GpuEvidence[]>
}

const NOT_BEFORE = new Date('2026-01-01T00:00:00Z')

export async function mintGpus(
  count = 2,
  architecture: Architecture = 'HOPPER',
): Promise<FakeGpus> {
  const { root, gpus } = await mintNvidia(architecture, count, NOT_BEFORE)
  const template = gpuReportTemplate(GPU_MODELS[architecture])
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-384' }
  const keys = await Promise.all(
    gpus.map(({ key }) => crypto.subtle.importKey('pkcs8', key, ecdsa, false, ['sign'])),
  )
  return {
    root,
    answer: (nonce) =>
      Promise.all(
        gpus.map(async ({ certChain }, index) => ({
          index,
          evidence: await signGpuReport(template, nonce, keys[index] as CryptoKey),
          certChain,
        })),
      ),
  }
}

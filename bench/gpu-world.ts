// SPDX-License-Identifier: Apache-2.0
// What the GPU appraisals of the bench are given: GPUs of a simulated NVIDIA with RIMs that fit them, a
// new report every time.

import type { GpuEvidence } from 'assay'
import { authenticity, type GpuAppraisal, parsePolicy } from 'assay/verify'
import { parseGpuReport } from '../src/core/nvidia.js'
import type { Bytes } from '../src/core/private-copy.js'
import { toHex } from '../src/encoding.js'
import { derObjects } from '../src/pem.js'
import { mintGpus } from '../test/fake/gpus.js'
import { mintRimSigner, RIM_AT } from '../test/fake/rim.js'
import { importP384, spkiOf, verifyReport } from './webcrypto.js'

/** What active measurements of NVIDIA's RIMs are counted by: 20 of a driver, 12 of a VBIOS. */
const DRIVER = [7, ...Array.from({ length: 20 }, (_, at) => 21 + at)]
const VBIOS = [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]

export interface GpuMaterial {
  readonly appraisal: GpuAppraisal
  /** Report signature and leaf key of each device. */
  readonly devices: readonly Device[]
}

interface Device {
  readonly key: CryptoKey
  readonly report: { readonly signature: Bytes; readonly data: Bytes }
}

/** GPUs whose certificates and RIMs are the same in every round. */
export async function knownGpus(count: number): Promise<() => Promise<GpuMaterial>> {
  const [nvidia, signer] = [await mintGpus(count), await mintRimSigner()]
  const [first] = await nvidia.answer(new Uint8Array(32))
  const rims = await rimsOf(first as GpuEvidence, signer)
  const policy = authenticity()
  // As whoever decides more than once does: a policy that was read is not read again.
  const asked = parsePolicy({
    ...policy,
    gpus: { ...policy.gpus, binding: 'any', rim: 'require', nonce: 'require' },
  })
  const keys = new Map<number, CryptoKey>()
  return async () => {
    const nonce = crypto.getRandomValues(new Uint8Array(32))
    const gpus = await nvidia.answer(nonce)
    const devices: Device[] = []
    for (const { index, evidence, certChain } of gpus) {
      const [leaf] = derObjects(certChain) as [Bytes]
      const key = keys.get(index) ?? (await importP384(spkiOf(leaf)))
      keys.set(index, key)
      const { signature, signedBytes } = parseGpuReport(evidence)
      devices.push({ key, report: { signature, data: signedBytes } })
    }
    const roots = [nvidia.root, signer.root]
    return { appraisal: { gpus, nonce, rims, roots, at: RIM_AT, policy: asked }, devices }
  }
}

async function rimsOf(
  { evidence }: GpuEvidence,
  signer: Awaited<ReturnType<typeof mintRimSigner>>,
): Promise<Bytes[]> {
  const { measurements } = parseGpuReport(evidence)
  const golden = (indices: readonly number[]) =>
    indices.map((index) => ({ index, alternatives: [toHex(measurements[index] as Bytes)] }))
  return Promise.all([
    signer.rim({ version: '580.95.05', measurements: golden(DRIVER) }),
    signer.rim({ version: '96.00.74.00.1A', measurements: golden(VBIOS) }),
  ])
}

/** The verification of the reports, with keys that are imported. */
export const verifyReports = ({ devices }: GpuMaterial): Promise<unknown> =>
  Promise.all(devices.map(({ key, report }) => verifyReport(key, report)))

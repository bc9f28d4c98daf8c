// SPDX-License-Identifier: Apache-2.0
// What Akash providers and AEP-83 call things in a cluster, as far as the directory reads it.

import type { Tee } from '../protocol.js'

export const LABELS = {
  /** `true` on everything of a lease. */
  managed: 'akash.network',
  /** Name of the namespace of the lease. */
  namespace: 'akash.network/namespace',
  /** Service of the deployment, on its Pods. */
  service: 'akash.network/manifest-service',
  owner: 'akash.network/lease.id.owner',
  dseq: 'akash.network/lease.id.dseq',
  gseq: 'akash.network/lease.id.gseq',
  oseq: 'akash.network/lease.id.oseq',
  provider: 'akash.network/lease.id.provider',
} as const

/** Of a Pod or a namespace: names of documents of expectations, with commas. */
export const EXPECTATIONS_ANNOTATION = 'akash.network/attestation-expectations'

/** Container of a confidential Pod, and what its port is called. */
export const SIDECAR = { container: 'akash-attestation-sidecar', port: 'attestation' } as const

export const GPU_RESOURCE = 'nvidia.com/pgpu'

export interface ConfidentialClass {
  readonly name: string
  readonly tee: Tee
  /** Whether its sidecar gives evidence of GPUs. */
  readonly gpus: boolean
}

/** The RuntimeClasses of AEP-83, by name. */
export const CLASSES: ReadonlyMap<string, ConfidentialClass> = new Map(
  [
    { name: 'kata-qemu-snp', tee: 'snp', gpus: false } as const,
    { name: 'kata-qemu-tdx', tee: 'tdx', gpus: false } as const,
    { name: 'kata-qemu-nvidia-gpu-snp', tee: 'snp', gpus: true } as const,
    { name: 'kata-qemu-nvidia-gpu-tdx', tee: 'tdx', gpus: true } as const,
  ].map((one) => [one.name, one]),
)

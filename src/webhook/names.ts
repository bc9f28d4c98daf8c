// SPDX-License-Identifier: Apache-2.0
// Names and amounts that the webhook shares with AEP-83, with its manifests and with the Akash provider.

import { PORT } from '../protocol.js'

/** What the webhook itself is called in a cluster. */
export const WEBHOOK = {
  namespace: 'assay-system',
  deployment: 'assay-webhook',
  secret: 'assay-webhook-tls',
  configMap: 'assay-webhook',
  configuration: 'akash-attestation-sidecar-injector',
  name: 'attestation-sidecar-injector.akash.network',
  path: '/mutate',
  port: 9443,
} as const

/** The container (AEP-83 section 4). */
export const SIDECAR = {
  container: 'akash-attestation-sidecar',
  command: '/attestation-sidecar',
  portName: 'attestation',
  port: PORT,
  listenVariable: 'ATTESTATION_LISTEN_ADDR',
  healthPath: '/healthz',
} as const

/** On Pods that the Akash provider manages, and only on those, the webhook has a say. */
export const MANAGED_LABEL = 'akash.network'
/** On namespaces of leases. */
export const NAMESPACE_LABEL = 'akash.network/namespace'
/** The value of labels, selectors and annotations that are set. */
export const YES = 'true'
export const NO = 'false'

export const ANNOTATIONS = {
  /** `cpu` or `cpu-gpu`, as `params.tee` of an SDL. */
  tee: 'akash.network/tee',
  /** `true` asks for confidential compute of the kind that the GPUs of the Pod need. */
  attestation: 'attestation.enabled',
  /** `true` leaves the sidecar out, and nothing else. */
  optOut: 'akash.network/attestation-disabled',
} as const

/** Annotations with which Kata changes the guest that is measured. */
export const KATA_PREFIX = 'io.katacontainers.'
/** The one of them that a Pod may have: HOST_DATA or MRCONFIGID is its digest, so a tenant sees it. */
export const KATA_INIT_DATA = 'io.katacontainers.config.hypervisor.cc_init_data'

export const TEE_TYPES = ['cpu', 'cpu-gpu'] as const
export type TeeType = (typeof TEE_TYPES)[number]

export type PlatformName = 'snp' | 'tdx'

export interface RuntimeClass {
  readonly name: string
  readonly platform: PlatformName
  readonly gpu: boolean
}

/** AEP-83 section 3; exactly these four, as the Akash provider has them. */
export const RUNTIME_CLASSES: readonly RuntimeClass[] = [
  { name: 'kata-qemu-snp', platform: 'snp', gpu: false },
  { name: 'kata-qemu-tdx', platform: 'tdx', gpu: false },
  { name: 'kata-qemu-nvidia-gpu-snp', platform: 'snp', gpu: true },
  { name: 'kata-qemu-nvidia-gpu-tdx', platform: 'tdx', gpu: true },
]

/** Labels of nodes that can attest. */
export const NODE_LABELS = {
  kata: 'katacontainers.io/kata-runtime',
  snp: 'amd.feature.node.kubernetes.io/snp',
  tdx: 'intel.feature.node.kubernetes.io/tdx',
  gpu: 'nvidia.com/cc.ready.state',
} as const

/** A GPU handed to a guest as a whole. */
export const PASSTHROUGH_GPU = 'nvidia.com/pgpu'
/** GPUs that no guest attests: the host's driver holds them, or a claim picks them; `*` ends a beginning. */
export const HOST_GPUS = [
  'nvidia.com/gpu',
  'nvidia.com/gpu.shared',
  'nvidia.com/mig-*',
  'amd.com/gpu',
  'gpu.intel.com/*',
  'deviceclass.resource.kubernetes.io/*',
] as const

export interface Amounts {
  readonly cpu: string
  readonly memory: string
}

/** AEP-83 section 4; with GPUs, the Akash provider's. */
export const SIDECAR_RESOURCES: {
  readonly [kind in TeeType]: { readonly requests: Amounts; readonly limits: Amounts }
} = {
  cpu: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
  'cpu-gpu': {
    requests: { cpu: '10m', memory: '64Mi' },
    limits: { cpu: '100m', memory: '128Mi' },
  },
}

/** What carving leaves a workload at least, as the Akash provider does. */
export const LEAST_RESOURCES: Amounts = { cpu: '10m', memory: '16Mi' }

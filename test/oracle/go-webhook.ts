// SPDX-License-Identifier: Apache-2.0
// What the webhook of akash-network/provider (feature/confidential-compute, June 2026) does with a Pod, as it
// is documented: which Pods it is asked about, which it changes, and the container it adds. A model of what
// it says, and of none of its code.

type Json = Record<string, unknown>

interface GoPod {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec?: { runtimeClassName?: string; containers?: { name: string }[] }
}

const CLASSES = new Map([
  ['kata-qemu-snp', false],
  ['kata-qemu-tdx', false],
  ['kata-qemu-nvidia-gpu-snp', true],
  ['kata-qemu-nvidia-gpu-tdx', true],
])

/** @returns the Pod as it is admitted; it refuses none that it can read */
export function goWebhook(operation: 'CREATE' | 'UPDATE', pod: GoPod, image: string): GoPod {
  if (operation !== 'CREATE') return pod
  const { labels = {}, annotations = {} } = pod.metadata ?? {}
  const gpu = CLASSES.get(pod.spec?.runtimeClassName ?? '')
  if (labels['akash.network'] !== 'true' || gpu === undefined) return pod
  if (annotations['akash.network/attestation-disabled'] === 'true') return pod
  const containers = pod.spec?.containers ?? []
  if (containers.some(({ name }) => name === 'akash-attestation-sidecar')) return pod
  return { ...pod, spec: { ...pod.spec, containers: [...containers, sidecar(image, gpu)] } }
}

const sidecar = (image: string, gpu: boolean): Json & { name: string } => ({
  name: 'akash-attestation-sidecar',
  image,
  imagePullPolicy: 'IfNotPresent',
  command: ['/attestation-sidecar'],
  ports: [{ name: 'attestation', containerPort: 8790, protocol: 'TCP' }],
  securityContext: { privileged: true, runAsUser: 0 },
  env: [
    { name: 'ATTESTATION_LISTEN_ADDR', value: ':8790' },
    ...(gpu
      ? [
          { name: 'NVIDIA_VISIBLE_DEVICES', value: 'all' },
          { name: 'NVIDIA_DRIVER_CAPABILITIES', value: 'utility' },
        ]
      : []),
  ],
  resources: {
    requests: { cpu: '10m', memory: gpu ? '64Mi' : '32Mi' },
    limits: { cpu: '100m', memory: gpu ? '128Mi' : '64Mi' },
  },
})

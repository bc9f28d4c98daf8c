// SPDX-License-Identifier: Apache-2.0
// Pods as the Akash provider makes them, and what may be wrong with one. Every change is made to a pod that
// has passed admission, so the webhook's decision and the policies judge the same thing.

import { ANNOTATIONS, NODE_LABELS, PASSTHROUGH_GPU, SIDECAR } from '../../src/webhook/names.js'
import type { Manifest } from '../deploy/manifests.js'
import { LEASE, ORDINARY_CLASS } from './webhook-world.js'

export type Kind = 'cpu' | 'gpu' | 'optedOut'

const NAMES: Readonly<Record<Kind, string>> = {
  cpu: 'kata-qemu-snp',
  gpu: 'kata-qemu-nvidia-gpu-snp',
  optedOut: 'kata-qemu-snp',
}

/** What the provider sends. */
export function leasePod(name: string, kind: Kind | 'ordinary' = 'ordinary'): Manifest {
  const resources = { limits: { cpu: '500m', memory: '256Mi' } }
  if (kind === 'gpu') Object.assign(resources.limits, { [PASSTHROUGH_GPU]: '1' })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { 'akash.network': 'true', 'akash.network/manifest-service': 'web' },
      ...(kind === 'optedOut' && { annotations: { [ANNOTATIONS.optOut]: 'true' } }),
    },
    spec: {
      ...(kind !== 'ordinary' && { runtimeClassName: NAMES[kind] }),
      containers: [{ name: 'web', image: 'web', ports: [{ containerPort: 80 }], resources }],
    },
  }
}

/** Of two such pods. */
export const deployment = (name: string, pod: Manifest): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: LEASE },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, app: name } },
      spec: pod.spec,
    },
  },
})

export const sidecarOf = ({ spec }: Manifest): Manifest =>
  spec.containers.find(({ name }: Manifest) => name === SIDECAR.container)

export interface Change {
  readonly title: string
  readonly of: Kind
  readonly change: (pod: Manifest) => void
  /** Of the refusal; null where there is none. */
  readonly code: string | null
}

const web = ({ spec }: Manifest): Manifest => spec.containers[0]
const volumes = (pod: Manifest, volume: object) => {
  pod.spec.volumes = [...(pod.spec.volumes ?? []), { name: 'v', ...volume }]
}
const annotate = (name: string, value: string) => (pod: Manifest) => {
  pod.metadata.annotations = { ...pod.metadata.annotations, [name]: value }
}
const spec = (fields: object) => (pod: Manifest) => {
  Object.assign(pod.spec, fields)
}
const hostPath = (at: string) => (pod: Manifest) => volumes(pod, { hostPath: { path: at } })
const ask = (resource: string, amount: string) => (pod: Manifest) => {
  web(pod).resources.limits[resource] = amount
}
const select = (label: string, value: string) => (pod: Manifest) => {
  pod.spec.nodeSelector = { ...pod.spec.nodeSelector, [label]: value }
}
const sidecar = (fields: object) => (pod: Manifest) => {
  Object.assign(sidecarOf(pod), fields)
}
const within = (field: string, fields: object) => (pod: Manifest) => {
  Object.assign(sidecarOf(pod)[field], fields)
}
const onCpu = (code: string | null, changes: Readonly<Record<string, Change['change']>>) =>
  Object.entries(changes).map(([title, change]): Change => ({ title, of: 'cpu', change, code }))

/** Of the pod itself: they may be made before there is a sidecar as well. */
export const POD_CHANGES: readonly Change[] = [
  { title: 'nothing, CPU', of: 'cpu', change: () => {}, code: null },
  { title: 'nothing, GPU', of: 'gpu', change: () => {}, code: null },
  { title: 'nothing, opted out', of: 'optedOut', change: () => {}, code: null },
  ...onCpu(null, {
    'an ordinary volume': (pod) => volumes(pod, { emptyDir: {} }),
    'a hostPath elsewhere': hostPath('/var/lib/data'),
    'a hostPath that only begins alike': hostPath('/devices'),
    'init data': annotate('io.katacontainers.config.hypervisor.cc_init_data', 'abc'),
    'another node label': select('disk', 'ssd'),
    'an init container': spec({ initContainers: [{ name: 'first', image: 'first' }] }),
    'a port near it': (pod) => web(pod).ports.push({ containerPort: 8791 }),
    'no GPU, in writing': ask('nvidia.com/gpu', '0'),
  }),
  ...onCpu('ERR_POD_HOST', {
    hostPID: spec({ hostPID: true }),
    hostIPC: spec({ hostIPC: true }),
    hostNetwork: spec({ hostNetwork: true }),
    shareProcessNamespace: spec({ shareProcessNamespace: true }),
    'the device': hostPath('/dev/sev-guest'),
    'the device with slashes': hostPath('//dev/./sev-guest'),
    'the root of the host': hostPath('/'),
    configfs: hostPath('/sys/kernel/config'),
    'all processes': hostPath('/proc'),
  }),
  ...onCpu('ERR_POD_GUEST', {
    'an annotation of Kata': annotate('io.katacontainers.config.hypervisor.kernel_params', 'a'),
  }),
  ...onCpu('ERR_POD_GPU', {
    "a GPU of the host's": ask('nvidia.com/gpu', '1'),
    'a part of one': ask('nvidia.com/mig-1g.10gb', '1'),
    'a GPU that the class cannot attest': ask(PASSTHROUGH_GPU, '1'),
    'a claim of devices': spec({ resourceClaims: [{ name: 'a', resourceClaimName: 'b' }] }),
  }),
  {
    title: 'no GPU under a class for GPUs',
    of: 'gpu',
    change: (pod) => {
      delete web(pod).resources.limits[PASSTHROUGH_GPU]
      delete web(pod).resources.requests?.[PASSTHROUGH_GPU]
    },
    code: 'ERR_POD_GPU',
  },
  ...onCpu('ERR_POD_NODE', {
    'a node by name': spec({ nodeName: 'worker' }),
    'a node of another kind': select(NODE_LABELS.kata, 'false'),
  }),
  ...onCpu('ERR_POD_RUNTIME_CLASS', {
    'an annotation for GPUs': annotate(ANNOTATIONS.tee, 'cpu-gpu'),
    'an ordinary class': (pod) => {
      annotate(ANNOTATIONS.tee, 'cpu')(pod)
      pod.spec.runtimeClassName = ORDINARY_CLASS
    },
  }),
  ...onCpu('ERR_POD_TEE', { 'an annotation that nobody knows': annotate(ANNOTATIONS.tee, 'sgx') }),
  ...onCpu('ERR_POD_SIDECAR', {
    'its port': (pod) => web(pod).ports.push({ containerPort: SIDECAR.port }),
    'its port, at UDP': (pod) =>
      web(pod).ports.push({ containerPort: SIDECAR.port, protocol: 'UDP' }),
    'its port, of an init container': spec({
      initContainers: [{ name: 'a', image: 'a', ports: [{ containerPort: SIDECAR.port }] }],
    }),
  }),
  {
    title: 'a sidecar of its own in a pod that wants none',
    of: 'optedOut',
    change: (pod) => pod.spec.containers.push({ name: SIDECAR.container, image: 'a' }),
    code: 'ERR_POD_SIDECAR',
  },
]

/** Of the sidecar. */
export const SIDECAR_CHANGES: readonly Change[] = [
  ...onCpu('ERR_POD_SIDECAR', {
    'another command': sidecar({ command: ['/bin/sh'] }),
    'no command': sidecar({ command: undefined }),
    arguments: sidecar({ args: ['--raw-quotes=allow'] }),
    'another environment': sidecar({ env: [{ name: 'LD_PRELOAD', value: '/evil.so' }] }),
    'more environment': (pod) => sidecarOf(pod).env.push({ name: 'A', value: 'b' }),
    'environment from elsewhere': sidecar({ envFrom: [{ configMapRef: { name: 'a' } }] }),
    'no privilege': within('securityContext', { privileged: false }),
    'another user': within('securityContext', { runAsUser: 1 }),
    capabilities: within('securityContext', { capabilities: { add: ['SYS_PTRACE'] } }),
    'a hook': sidecar({ lifecycle: { postStart: { exec: { command: ['/a'] } } } }),
    'a probe that runs something': sidecar({ livenessProbe: { exec: { command: ['/a'] } } }),
    'another probe': sidecar({ readinessProbe: { exec: { command: ['/a'] } } }),
    'another port': (pod) => {
      sidecarOf(pod).ports[0].containerPort = 8791
    },
    'a port of the host': (pod) => {
      sidecarOf(pod).ports[0].hostPort = SIDECAR.port
    },
    'another image': sidecar({ image: 'registry.example/other:1' }),
    'more memory': (pod) => {
      sidecarOf(pod).resources.limits.memory = '1Gi'
    },
    'a volume': (pod) => {
      volumes(pod, { emptyDir: {} })
      const { volumeMounts = [] } = sidecarOf(pod)
      sidecarOf(pod).volumeMounts = [...volumeMounts, { name: 'v', mountPath: '/etc' }]
    },
    'a directory': sidecar({ workingDir: '/tmp' }),
  }),
]

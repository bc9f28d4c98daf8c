// SPDX-License-Identifier: Apache-2.0
// Every way around the sidecar and around the nodes that we could think of.

import t from 'tap'
import type { Code } from '../../src/errors.js'
import {
  admitted,
  all,
  cpuPod,
  create,
  gpuPod,
  type Loose,
  leasePod,
  NAME,
  put,
  refuses,
} from './pods.js'

const REQUIRED = '/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution'
const TERMS = `${REQUIRED}/nodeSelectorTerms`
const KATA = 'katacontainers.io/kata-runtime'
const SNP = 'amd.feature.node.kubernetes.io/snp'
const TDX = 'intel.feature.node.kubernetes.io/tdx'
const READY = 'nvidia.com/cc.ready.state'

const term = (key: string, operator: string, values?: readonly string[]) => ({
  matchExpressions: [{ key, operator, ...(values && { values }) }],
})
const hostPath = (path: string) => put('/spec/volumes', [{ name: 'v', hostPath: { path } }])
const another = (container: object) => (pod: Loose) => {
  pod.spec.containers.push({ name: 'other', image: 'x', ...container })
}
const limit = (name: string, amount = '1') =>
  put(`/spec/containers/0/resources/limits/${name.replaceAll('/', '~1')}`, amount)
const noGpu = (pod: Loose) => {
  delete pod.spec.containers[0].resources.limits['nvidia.com/pgpu']
  delete pod.spec.containers[0].resources.requests['nvidia.com/pgpu']
}
const annotated = (annotations: object) => put('/metadata/annotations', annotations)

const CASES: readonly (readonly [title: string, pod: Loose, code: Code])[] = [
  // Where it would run.
  ['a node by name', cpuPod(put('/spec/nodeName', 'n1')), 'ERR_POD_NODE'],
  ['no Kata', cpuPod(put('/spec/nodeSelector', { [KATA]: 'false' })), 'ERR_POD_NODE'],
  ['no SNP', cpuPod(put('/spec/nodeSelector', { [SNP]: 'false' })), 'ERR_POD_NODE'],
  ['an empty SNP', cpuPod(put('/spec/nodeSelector', { [SNP]: '' })), 'ERR_POD_NODE'],
  ['a TDX node for SNP', cpuPod(put('/spec/nodeSelector', { [TDX]: 'true' })), 'ERR_POD_NODE'],
  [
    'a GPU that is not ready',
    gpuPod(put('/spec/nodeSelector', { [READY]: 'false' })),
    'ERR_POD_NODE',
  ],
  ['SNP not in true', cpuPod(put(TERMS, [term(SNP, 'NotIn', ['true'])])), 'ERR_POD_NODE'],
  ['SNP in false', cpuPod(put(TERMS, [term(SNP, 'In', ['false'])])), 'ERR_POD_NODE'],
  ['no SNP label', cpuPod(put(TERMS, [term(SNP, 'DoesNotExist')])), 'ERR_POD_NODE'],
  ['Kata above 0', cpuPod(put(TERMS, [term(KATA, 'Gt', ['0'])])), 'ERR_POD_NODE'],
  ['an operator of nobody', cpuPod(put(TERMS, [term(KATA, 'Near')])), 'ERR_POD_NODE'],
  ['TDX nodes for SNP', cpuPod(put(TERMS, [term(TDX, 'Exists')])), 'ERR_POD_NODE'],
  ['TDX in true for SNP', cpuPod(put(TERMS, [term(TDX, 'In', ['true'])])), 'ERR_POD_NODE'],
  [
    'one escape among good terms',
    cpuPod(put(TERMS, [term(SNP, 'In', ['true']), term(SNP, 'NotIn', ['true'])])),
    'ERR_POD_NODE',
  ],
  ['GPUs that are not ready', gpuPod(put(TERMS, [term(READY, 'DoesNotExist')])), 'ERR_POD_NODE'],

  // What it would share with the host.
  ['processes', cpuPod(put('/spec/hostPID', true)), 'ERR_POD_HOST'],
  ['memory', cpuPod(put('/spec/hostIPC', true)), 'ERR_POD_HOST'],
  ['the network', cpuPod(put('/spec/hostNetwork', true)), 'ERR_POD_HOST'],
  ['processes among containers', cpuPod(put('/spec/shareProcessNamespace', true)), 'ERR_POD_HOST'],
  ...[
    '/',
    '//',
    '',
    '/.',
    '/dev',
    '/dev/',
    '/dev/sev-guest',
    '/dev/tdx_guest',
    '//dev//sev-guest',
    '/./dev/sev',
    'dev/sev-guest',
    '/sys',
    '/sys/kernel/config',
    '/sys/kernel/config/tsm/report',
    '/proc/1/root/dev/sev-guest',
    '/var/../dev',
    '/tmp/..',
  ].map((path) => [`the path ${path}`, cpuPod(hostPath(path)), 'ERR_POD_HOST'] as const),
  ['a path that is not said', cpuPod(put('/spec/volumes', [{ hostPath: {} }])), 'ERR_POD_HOST'],

  // What would change the guest.
  ['Windows', cpuPod(put('/spec/os', { name: 'windows' })), 'ERR_POD_GUEST'],
  ...[
    'io.katacontainers.config.hypervisor.kernel_params',
    'io.katacontainers.config.hypervisor.default_vcpus',
    'io.katacontainers.config.agent.policy',
    'io.katacontainers.anything',
  ].map((name) => [name, cpuPod(annotated({ [name]: 'x' })), 'ERR_POD_GUEST'] as const),

  // GPUs.
  ['a GPU of the host', gpuPod(limit('nvidia.com/gpu')), 'ERR_POD_GPU'],
  ['a GPU of the host alone', gpuPod(all(noGpu, limit('nvidia.com/gpu'))), 'ERR_POD_GPU'],
  ['a GPU of the host without a class for GPUs', cpuPod(limit('nvidia.com/gpu')), 'ERR_POD_GPU'],
  ['a share of a GPU', cpuPod(limit('nvidia.com/gpu.shared')), 'ERR_POD_GPU'],
  ['a slice of a GPU', cpuPod(limit('nvidia.com/mig-1g.10gb')), 'ERR_POD_GPU'],
  ['a GPU of AMD', gpuPod(limit('amd.com/gpu')), 'ERR_POD_GPU'],
  ['a GPU of Intel', cpuPod(limit('gpu.intel.com/i915')), 'ERR_POD_GPU'],
  [
    'a GPU by device class',
    gpuPod(limit('deviceclass.resource.kubernetes.io/gpu.nvidia.com')),
    'ERR_POD_GPU',
  ],
  ['a whole GPU without a class for GPUs', cpuPod(limit('nvidia.com/pgpu')), 'ERR_POD_GPU'],
  [
    'a whole GPU in an init container',
    cpuPod(
      put('/spec/initContainers', [
        { name: 'i', resources: { requests: { 'nvidia.com/pgpu': '1' } } },
      ]),
    ),
    'ERR_POD_GPU',
  ],
  ['a class for GPUs without one', gpuPod(noGpu), 'ERR_POD_GPU'],
  ['a class for GPUs with none', gpuPod(all(noGpu, limit('nvidia.com/pgpu', '0'))), 'ERR_POD_GPU'],
  ['cpu-gpu without one', leasePod(annotated({ 'akash.network/tee': 'cpu-gpu' })), 'ERR_POD_GPU'],
  [
    'cpu with one',
    leasePod(all(annotated({ 'akash.network/tee': 'cpu' }), limit('nvidia.com/pgpu'))),
    'ERR_POD_GPU',
  ],
  [
    'devices by claim',
    gpuPod(put('/spec/resourceClaims', [{ name: 'gpu', resourceClaimName: 'c' }])),
    'ERR_POD_GPU',
  ],

  // What it asks for.
  ['another TEE', leasePod(annotated({ 'akash.network/tee': 'sev-snp' })), 'ERR_POD_TEE'],
  ['another case', leasePod(annotated({ 'akash.network/tee': 'CPU' })), 'ERR_POD_TEE'],
  ['a TEE of no name', leasePod(annotated({ 'akash.network/tee': '' })), 'ERR_POD_TEE'],
  [
    'a TEE like a prototype',
    leasePod(annotated({ 'akash.network/tee': '__proto__' })),
    'ERR_POD_TEE',
  ],
  ['perhaps', leasePod(annotated({ 'attestation.enabled': 'perhaps' })), 'ERR_POD_TEE'],
  ['another TEE beside a class', cpuPod(annotated({ 'akash.network/tee': 'sgx' })), 'ERR_POD_TEE'],
  [
    'attestation on and off',
    cpuPod(
      annotated({ 'attestation.enabled': 'true', 'akash.network/attestation-disabled': 'true' }),
    ),
    'ERR_POD_TEE',
  ],
  [
    'a TEE under runc',
    leasePod(all(annotated({ 'akash.network/tee': 'cpu' }), put('/spec/runtimeClassName', 'runc'))),
    'ERR_POD_RUNTIME_CLASS',
  ],
  [
    'attestation under NVIDIA’s runtime',
    leasePod(
      all(annotated({ 'attestation.enabled': 'true' }), put('/spec/runtimeClassName', 'nvidia')),
    ),
    'ERR_POD_RUNTIME_CLASS',
  ],
  [
    'cpu under a class for GPUs',
    gpuPod(annotated({ 'akash.network/tee': 'cpu' })),
    'ERR_POD_RUNTIME_CLASS',
  ],
  [
    'cpu-gpu under a class for none',
    cpuPod(annotated({ 'akash.network/tee': 'cpu-gpu' })),
    'ERR_POD_RUNTIME_CLASS',
  ],

  // The sidecar's name and port.
  ['its name', cpuPod(another({ name: NAME })), 'ERR_POD_SIDECAR'],
  ['its name in front', cpuPod(put('/spec/containers/0/name', NAME)), 'ERR_POD_SIDECAR'],
  [
    'its name among init containers',
    cpuPod(put('/spec/initContainers', [{ name: NAME, image: 'x' }])),
    'ERR_POD_SIDECAR',
  ],
  [
    'its name among ephemeral containers',
    cpuPod(put('/spec/ephemeralContainers', [{ name: NAME, image: 'x' }])),
    'ERR_POD_SIDECAR',
  ],
  ['its port', cpuPod(another({ ports: [{ containerPort: 8790 }] })), 'ERR_POD_SIDECAR'],
  [
    'its port over UDP',
    cpuPod(another({ ports: [{ containerPort: 8790, protocol: 'UDP' }] })),
    'ERR_POD_SIDECAR',
  ],
  [
    'its port of the host',
    cpuPod(another({ ports: [{ containerPort: 80, hostPort: 8790 }] })),
    'ERR_POD_SIDECAR',
  ],
  [
    'its port as the second of an init container',
    cpuPod(
      put('/spec/initContainers', [
        { name: 'i', ports: [{ containerPort: 80 }, { containerPort: 8790 }] },
      ]),
    ),
    'ERR_POD_SIDECAR',
  ],
]

for (const [title, pod, code] of CASES) {
  t.test(`refuse: ${title}`, async (t) => {
    refuses(t, create(pod), code)
  })
}

t.test('refuse: what only looks like a way around is admitted', async (t) => {
  for (const [title, pod] of [
    [
      'selectors that say what ours say',
      cpuPod(put('/spec/nodeSelector', { [KATA]: 'true', zone: 'a' })),
    ],
    ['not the other platform', cpuPod(put('/spec/nodeSelector', { [TDX]: 'false' }))],
    ['affinity of the Akash provider', cpuPod(put(TERMS, [term('akash.network', 'In', ['true'])]))],
    ['SNP among others', cpuPod(put(TERMS, [term(SNP, 'In', ['x', 'true'])]))],
    ['any SNP', cpuPod(put(TERMS, [term(SNP, 'Exists')]))],
    ['SNP not false', cpuPod(put(TERMS, [term(SNP, 'NotIn', ['false'])]))],
    ['no TDX', cpuPod(put(TERMS, [term(TDX, 'DoesNotExist')]))],
    ['TDX not true', cpuPod(put(TERMS, [term(TDX, 'NotIn', ['true'])]))],
    ['nodes by field', cpuPod(put(TERMS, [{ matchFields: [{ key: 'metadata.name' }] }]))],
    ['no terms', cpuPod(put(REQUIRED, {}))],
    [
      'a preference that nobody has to meet',
      cpuPod(
        put('/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution', [
          { weight: 1, preference: term(SNP, 'DoesNotExist') },
        ]),
      ),
    ],
    ['GPU readiness of a Pod without GPUs', cpuPod(put(TERMS, [term(READY, 'DoesNotExist')]))],
    [
      'namespaces that are not shared',
      cpuPod(all(put('/spec/hostPID', false), put('/spec/hostIPC', null))),
    ],
    ['a directory of the host', cpuPod(hostPath('/var/lib/device'))],
    ['a directory that begins alike', cpuPod(hostPath('/devices'))],
    ['another volume', cpuPod(put('/spec/volumes', [{ name: 'v', emptyDir: {}, hostPath: null }]))],
    ['Linux', cpuPod(put('/spec/os', { name: 'linux' }))],
    [
      'initdata, which is measured',
      cpuPod(annotated({ 'io.katacontainers.config.hypervisor.cc_init_data': 'H4sI' })),
    ],
    ['a switch beside the GPUs', gpuPod(limit('nvidia.com/nvswitch', '4'))],
    ['no GPU of the host', cpuPod(limit('nvidia.com/gpu', '0'))],
    ['no claims', cpuPod(put('/spec/resourceClaims', []))],
    [
      'another port',
      cpuPod(another({ ports: [{ containerPort: 8789 }, { containerPort: 87900 }] })),
    ],
    ['a name that begins alike', cpuPod(another({ name: `${NAME}-2` }))],
    [
      'another scheduler, whose choice the kubelet checks',
      cpuPod(put('/spec/schedulerName', 'volcano')),
    ],
    ['tolerations', cpuPod(put('/spec/tolerations', [{ operator: 'Exists' }]))],
  ] as const) {
    t.match(create(pod), { allowed: true, reason: 'injected' }, title)
    const { nodeSelector } = admitted(pod).spec
    t.match(nodeSelector, { [KATA]: 'true', [SNP]: 'true' }, `${title}: on the right nodes`)
  }
})

t.test('refuse: a long name of somebody else is cut', async (t) => {
  const message = refuses(
    t,
    create(cpuPod(put('/spec/nodeName', `a\n${'x'.repeat(5000)}`))),
    'ERR_POD_NODE',
  )
  t.ok(message.length < 300)
})

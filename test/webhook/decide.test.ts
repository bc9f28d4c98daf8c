// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { decide } from '../../src/webhook/decide.js'
import {
  admitted,
  applied,
  cpuPod,
  create,
  creation,
  frozen,
  gpuPod,
  type Loose,
  leasePod,
  NAME,
  POLICY,
  put,
  sidecars,
} from './pods.js'

const CPU_SIDECAR = {
  name: NAME,
  image: POLICY.sidecarImage,
  imagePullPolicy: 'IfNotPresent',
  command: ['/attestation-sidecar'],
  ports: [{ name: 'attestation', containerPort: 8790, protocol: 'TCP' }],
  env: [{ name: 'ATTESTATION_LISTEN_ADDR', value: ':8790' }],
  resources: {
    requests: { cpu: '10m', memory: '32Mi' },
    limits: { cpu: '100m', memory: '64Mi' },
  },
  securityContext: { privileged: true, runAsUser: 0, runAsNonRoot: false },
  readinessProbe: {
    httpGet: { path: '/healthz', port: 8790, scheme: 'HTTPS' },
    timeoutSeconds: 5,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  },
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
}
const GPU_SIDECAR = {
  ...CPU_SIDECAR,
  env: [
    ...CPU_SIDECAR.env,
    { name: 'NVIDIA_VISIBLE_DEVICES', value: 'all' },
    { name: 'NVIDIA_DRIVER_CAPABILITIES', value: 'utility' },
  ],
  resources: {
    requests: { cpu: '10m', memory: '64Mi' },
    limits: { cpu: '100m', memory: '128Mi' },
  },
}

t.test('decide: a Pod under each of the four classes gets the sidecar and its nodes', async (t) => {
  const kata = { 'katacontainers.io/kata-runtime': 'true' }
  const snp = { ...kata, 'amd.feature.node.kubernetes.io/snp': 'true' }
  const tdx = { ...kata, 'intel.feature.node.kubernetes.io/tdx': 'true' }
  const gpu = { 'nvidia.com/cc.ready.state': 'true' }
  for (const [name, make, sidecar, nodes] of [
    ['kata-qemu-snp', cpuPod, CPU_SIDECAR, snp],
    ['kata-qemu-tdx', cpuPod, CPU_SIDECAR, tdx],
    ['kata-qemu-nvidia-gpu-snp', gpuPod, GPU_SIDECAR, { ...snp, ...gpu }],
    ['kata-qemu-nvidia-gpu-tdx', gpuPod, GPU_SIDECAR, { ...tdx, ...gpu }],
  ] as const) {
    const pod = make((pod) => {
      pod.spec.runtimeClassName = name
    })
    const decision = create(pod)
    t.match(decision, { allowed: true, reason: 'injected', warnings: [] }, name)
    const expected = structuredClone(pod)
    expected.spec.nodeSelector = nodes
    expected.spec.containers.push(sidecar)
    t.strictSame(admitted(pod), expected, `${name}: this and nothing else`)
  }
})

t.test('decide: as a native sidecar it is the first to start', async (t) => {
  const pod = cpuPod((pod) => {
    pod.spec.initContainers = [{ name: 'migrate', image: 'web' }]
  })
  const after = admitted(pod, { nativeSidecar: true })
  t.strictSame(after.spec.initContainers, [
    { ...CPU_SIDECAR, restartPolicy: 'Always' },
    { name: 'migrate', image: 'web' },
  ])
  t.strictSame(after.spec.containers, pod.spec.containers)
  const first = admitted(cpuPod(), { nativeSidecar: true })
  t.strictSame(first.spec.initContainers, [{ ...CPU_SIDECAR, restartPolicy: 'Always' }])
})

t.test('decide: Pods that are not confidential are left alone', async (t) => {
  const plain: readonly [string, Loose][] = [
    ['no class', leasePod()],
    ['another class', leasePod(put('/spec/runtimeClassName', 'nvidia'))],
    ['a Kata class of no TEE', leasePod(put('/spec/runtimeClassName', 'kata-qemu'))],
    [
      'a class that only begins like ours',
      leasePod(put('/spec/runtimeClassName', 'kata-qemu-snp2')),
    ],
    [
      'a class named like what every object has',
      leasePod(put('/spec/runtimeClassName', 'constructor')),
    ],
    ['not managed', cpuPod((pod) => void delete pod.metadata.labels['akash.network'])],
    ['managed by nobody', cpuPod(put('/metadata/labels/akash.network', 'false'))],
    ['no labels', cpuPod((pod) => void delete pod.metadata.labels)],
    ['labels of nobody', cpuPod(put('/metadata/labels', null))],
    ['no metadata', { kind: 'Pod', apiVersion: 'v1', spec: { containers: [] } }],
    ['nothing', {}],
    [
      'unmanaged, and it asks',
      leasePod((pod) => {
        pod.metadata.labels = {}
        pod.metadata.annotations = { 'akash.network/tee': 'cpu' }
      }),
    ],
    [
      'attestation that is off',
      leasePod(put('/metadata/annotations', { 'attestation.enabled': 'false' })),
    ],
    [
      'no class, and everything that a confidential Pod may not have',
      leasePod((pod) => {
        Object.assign(pod.spec, { hostPID: true, hostNetwork: true, nodeName: 'n' })
        pod.spec.containers[0].name = NAME
      }),
    ],
  ]
  for (const [title, pod] of plain) {
    t.strictSame(
      create(pod),
      { allowed: true, patch: [], reason: 'not-confidential', warnings: [] },
      title,
    )
  }
})

t.test('decide: it has nothing to add to its own answer', async (t) => {
  for (const pod of [cpuPod(), gpuPod(), leasePod()]) {
    for (const nativeSidecar of [false, true]) {
      for (const carveResources of [false, true]) {
        const policy = { nativeSidecar, carveResources }
        const first = create(pod, policy)
        const again = create(admitted(pod, policy), policy)
        t.match(again, { allowed: true, patch: [] })
        t.equal(
          again.allowed && again.reason,
          first.allowed && first.patch.length > 0 ? 'unchanged' : 'not-confidential',
        )
      }
    }
  }
})

t.test('decide: nor after the API server and another webhook had their turn', async (t) => {
  for (const nativeSidecar of [false, true]) {
    const seen = admitted(gpuPod(), { nativeSidecar, carveResources: true })
    const [sidecar] = sidecars(seen)
    sidecar.resizePolicy = [
      { resourceName: 'cpu', restartPolicy: 'NotRequired' },
      { resourceName: 'memory', restartPolicy: 'NotRequired' },
    ]
    sidecar.volumeMounts = [
      {
        name: 'kube-api-access-x7k2p',
        readOnly: true,
        mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
      },
    ]
    seen.spec.volumes = [{ name: 'kube-api-access-x7k2p', projected: { sources: [] } }]
    seen.spec.overhead = { memory: '160Mi', cpu: '250m' }
    seen.metadata.labels.mesh = 'on'
    seen.spec.initContainers = [
      { name: 'mesh-init', image: 'mesh' },
      ...(seen.spec.initContainers ?? []),
    ]
    seen.spec.containers = [{ name: 'mesh', image: 'mesh' }, ...seen.spec.containers]
    t.strictSame(create(seen, { nativeSidecar, carveResources: true }), {
      allowed: true,
      patch: [],
      reason: 'unchanged',
      warnings: [],
    })
  }
})

t.test('decide: a sidecar that is there already still gets its nodes', async (t) => {
  const pod = admitted(cpuPod())
  delete pod.spec.nodeSelector['katacontainers.io/kata-runtime']
  const decision = create(pod)
  t.match(decision, { allowed: true, reason: 'injected' })
  t.equal(decision.allowed && decision.patch.length, 1)
  t.same(admitted(pod), admitted(cpuPod()))
})

t.test('decide: creations of subresources are somebody else’s', async (t) => {
  const request = {
    ...creation({ kind: 'Binding', target: { name: 'node' } }),
    subResource: 'binding',
  }
  t.match(decide(request, POLICY), { allowed: true, patch: [], reason: 'unchanged' })
})

t.test('decide: names of prototypes are names like others', async (t) => {
  const pod = JSON.parse(
    JSON.stringify(cpuPod())
      .replace('"labels":{', '"labels":{"__proto__":"x","constructor":"y",')
      .replace('"spec":{', '"spec":{"__proto__":{"hostPID":true},"nodeSelector":{"__proto__":"z"},')
      .replace('"limits":{', '"limits":{"__proto__":"1","toString":"2",'),
  )
  const text = JSON.stringify(pod)
  const decision = create(pod)
  t.match(decision, { allowed: true, reason: 'injected' })
  t.equal(JSON.stringify(pod), text)
  if (!decision.allowed) return
  t.notMatch(JSON.stringify(decision.patch), /__proto__/)
  t.equal(({} as Loose).hostPID, undefined)
})

t.test('decide: what fails inside is not passed off as a refusal', async (t) => {
  const trap = new Proxy(
    {},
    {
      get: () => {
        throw new RangeError('inside')
      },
    },
  )
  t.throws(() => decide({ ...creation(null), pod: trap }, POLICY), RangeError)
})

t.test('decide: the patch of a large Pod says only what changes', async (t) => {
  const pod = cpuPod((pod) => {
    for (let index = 0; index < 300; index += 1) {
      const env = Array.from({ length: 100 }, (_, n) => ({ name: `E${n}`, value: 'v'.repeat(90) }))
      pod.spec.containers.push({ name: `c${index}`, image: 'x', env })
    }
  })
  t.ok(JSON.stringify(pod).length > 3_000_000)
  const decision = create(frozen(pod))
  if (!decision.allowed) return t.fail(decision.message)
  t.strictSame(
    decision.patch.map(({ op, path }) => [op, path]),
    [
      ['add', '/spec/nodeSelector'],
      ['add', '/spec/containers/301'],
    ],
  )
  t.match(create(applied(pod, decision.patch)), { allowed: true, patch: [] })
})

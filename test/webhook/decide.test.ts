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
  refuses,
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

t.test('decide: a Pod that asks for a TEE gets the class of the platform', async (t) => {
  const asking = (annotations: object, change: (pod: Loose) => void = () => {}) =>
    leasePod((pod) => {
      pod.metadata.annotations = annotations
      change(pod)
    })
  const withGpu = (pod: Loose) => {
    pod.spec.containers[0].resources.limits['nvidia.com/pgpu'] = '2'
  }
  const noGpu = (pod: Loose) => {
    pod.spec.containers[0].resources.limits['nvidia.com/pgpu'] = '0'
  }
  for (const [platform, annotations, change, name] of [
    ['snp', { 'akash.network/tee': 'cpu' }, undefined, 'kata-qemu-snp'],
    ['tdx', { 'akash.network/tee': 'cpu' }, undefined, 'kata-qemu-tdx'],
    ['snp', { 'akash.network/tee': 'cpu-gpu' }, withGpu, 'kata-qemu-nvidia-gpu-snp'],
    ['tdx', { 'akash.network/tee': 'cpu-gpu' }, withGpu, 'kata-qemu-nvidia-gpu-tdx'],
    ['snp', { 'attestation.enabled': 'true' }, undefined, 'kata-qemu-snp'],
    ['snp', { 'attestation.enabled': 'true' }, noGpu, 'kata-qemu-snp'],
    ['tdx', { 'attestation.enabled': 'true' }, withGpu, 'kata-qemu-nvidia-gpu-tdx'],
    [
      'snp',
      { 'akash.network/tee': 'cpu', 'attestation.enabled': 'true' },
      undefined,
      'kata-qemu-snp',
    ],
  ] as const) {
    const pod = asking(annotations, change)
    const after = admitted(pod, { platform })
    const title = `${platform} ${JSON.stringify(annotations)}`
    t.equal(after.spec.runtimeClassName, name, title)
    t.equal(sidecars(after).length, 1, title)
    const empty = asking(annotations, (pod) => {
      change?.(pod)
      pod.spec.runtimeClassName = null
      pod.spec.nodeSelector = null
    })
    t.strictSame(admitted(empty, { platform }), after, `${title}: null is absent`)
  }
  const named = asking({ 'akash.network/tee': 'cpu' }, (pod) => {
    pod.spec.runtimeClassName = 'kata-qemu-tdx'
  })
  t.equal(
    admitted(named, { platform: 'snp' }).spec.runtimeClassName,
    'kata-qemu-tdx',
    'a class that the Pod names wins over the platform of the operator',
  )
})

t.test('decide: who opts out gets no sidecar, and the same nodes and rules', async (t) => {
  const optedOut = (change: (pod: Loose) => void = () => {}) =>
    cpuPod((pod) => {
      pod.metadata.annotations = { 'akash.network/attestation-disabled': 'true' }
      change(pod)
    })
  const pod = optedOut()
  t.match(create(pod), { allowed: true, reason: 'opted-out' })
  const after = admitted(pod)
  t.strictSame(sidecars(after), [])
  t.strictSame(after.spec.nodeSelector, admitted(cpuPod()).spec.nodeSelector)
  t.strictSame(create(after), { allowed: true, patch: [], reason: 'opted-out', warnings: [] })
  const asks = leasePod((pod) => {
    pod.metadata.annotations = {
      'akash.network/tee': 'cpu',
      'akash.network/attestation-disabled': 'true',
    }
  })
  t.equal(admitted(asks).spec.runtimeClassName, 'kata-qemu-snp', 'the TEE is not lost with it')
  refuses(t, create(optedOut(put('/spec/hostPID', true))), 'ERR_POD_HOST')
  refuses(
    t,
    create(optedOut(put('/spec/containers/0/name', NAME))),
    'ERR_POD_SIDECAR',
    'its name is taken even so',
  )
  refuses(
    t,
    create(optedOut(put('/spec/containers/0/ports/0/containerPort', 8790))),
    'ERR_POD_SIDECAR',
    'its port is taken even so',
  )
  t.match(create(optedOut(put('/spec/restartPolicy', 'Never'))), { warnings: [] })
})

t.test('decide: only "true" opts out, and another value is warned about', async (t) => {
  for (const [value, warnings] of [
    ['false', 0],
    ['True', 1],
    ['', 1],
    ['yes', 1],
  ] as const) {
    const pod = cpuPod((pod) => {
      pod.metadata.annotations = { 'akash.network/attestation-disabled': value }
    })
    const decision = create(pod)
    t.match(decision, { allowed: true, reason: 'injected' }, JSON.stringify(value))
    t.equal(decision.allowed && decision.warnings.length, warnings, JSON.stringify(value))
  }
  const off = cpuPod(put('/metadata/annotations', { 'attestation.enabled': 'false' }))
  const decision = create(off)
  t.match(decision, { allowed: true, reason: 'injected', warnings: [/attestation-disabled/] })
})

t.test('decide: a Pod that is to end is warned about, unless its sidecar lets it', async (t) => {
  const job = cpuPod(put('/spec/restartPolicy', 'OnFailure'))
  t.match(create(job), { allowed: true, warnings: [/native-sidecar/] })
  t.match(create(job, { nativeSidecar: true }), { allowed: true, warnings: [] })
  const unsaid = cpuPod((pod) => void delete pod.spec.restartPolicy)
  t.match(create(unsaid), { allowed: true, warnings: [] })
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

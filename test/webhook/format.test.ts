// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { decide } from '../../src/webhook/decide.js'
import { cpuPod, create, gpuPod, type Loose, leasePod, POLICY, put, refuses } from './pods.js'

const NODE_AFFINITY = '/spec/affinity/nodeAffinity'
const REQUIRED = `${NODE_AFFINITY}/requiredDuringSchedulingIgnoredDuringExecution`

/** Where a value of the wrong kind stands, and values that are. */
const WRONG: readonly (readonly [pointer: string, ...values: unknown[]])[] = [
  ['/kind', 'Binding', 'pod', 1],
  ['/apiVersion', 'v2', 'apps/v1', {}],
  ['/metadata', 'x', [], 1],
  ['/metadata/labels', 'x', []],
  ['/metadata/labels/akash.network', true, {}],
  ['/metadata/annotations', 'x', []],
  ['/metadata/annotations/akash.network~1tee', 1],
  ['/metadata/annotations/attestation.enabled', true],
  ['/metadata/annotations/akash.network~1attestation-disabled', true],
  ['/spec', 'x', [], true],
  ['/spec/runtimeClassName', 1, ['kata-qemu-snp']],
  ['/spec/nodeName', 1],
  ['/spec/nodeSelector', 'x', []],
  ['/spec/nodeSelector/katacontainers.io~1kata-runtime', true],
  ['/spec/nodeSelector/intel.feature.node.kubernetes.io~1tdx', true],
  ['/spec/affinity', 'x', []],
  [NODE_AFFINITY, 'x'],
  [REQUIRED, 'x'],
  [`${REQUIRED}/nodeSelectorTerms`, 'x', {}],
  [`${REQUIRED}/nodeSelectorTerms`, ['x'], [[]]],
  [`${REQUIRED}/nodeSelectorTerms`, [{ matchExpressions: {} }]],
  [`${REQUIRED}/nodeSelectorTerms`, [{ matchExpressions: ['x'] }]],
  [`${REQUIRED}/nodeSelectorTerms`, [{ matchExpressions: [{ key: 1 }] }]],
  [
    `${REQUIRED}/nodeSelectorTerms`,
    [{ matchExpressions: [{ key: 'katacontainers.io/kata-runtime', operator: 1 }] }],
    [
      {
        matchExpressions: [{ key: 'katacontainers.io/kata-runtime', operator: 'In', values: 'x' }],
      },
    ],
  ],
  ['/spec/hostPID', 'true', 1, {}],
  ['/spec/hostIPC', 'false'],
  ['/spec/hostNetwork', 0],
  ['/spec/shareProcessNamespace', []],
  ['/spec/os', 'windows'],
  ['/spec/os/name', 1],
  ['/spec/volumes', {}, 'x'],
  ['/spec/volumes', ['x']],
  ['/spec/volumes', [{ hostPath: '/dev' }]],
  ['/spec/volumes', [{ hostPath: { path: 1 } }]],
  ['/spec/resourceClaims', {}],
  ['/spec/restartPolicy', 1],
  ['/spec/containers', {}, 'x', [], null],
  ['/spec/containers/0', null, 'web', []],
  ['/spec/containers/0/name', 1, {}],
  ['/spec/containers/0/ports', {}, 80],
  ['/spec/containers/0/ports', [80]],
  ['/spec/containers/0/ports/0/containerPort', '8790', 80.5],
  ['/spec/containers/0/ports/0/hostPort', '8790', true],
  ['/spec/containers/0/resources', 'x', []],
  ['/spec/containers/0/resources/limits', 'x', []],
  ['/spec/containers/0/resources/requests', 'x'],
  ['/spec/containers/0/resources/limits/nvidia.com~1pgpu', 'one', '', true, null, '1x', '1e400'],
  ['/spec/initContainers', {}, 'x'],
  ['/spec/initContainers', ['x'], [null]],
  ['/spec/initContainers', [{ name: 'i', resources: { limits: [] } }]],
  ['/spec/ephemeralContainers', {}],
]

t.test('format: a confidential Pod whose fields are of the wrong kind is refused', async (t) => {
  for (const [pointer, ...values] of WRONG) {
    for (const value of values) {
      const pod = cpuPod(put(pointer, value))
      const message = refuses(
        t,
        create(pod),
        'ERR_POD_FORMAT',
        `${pointer} ${JSON.stringify(value)}`,
      )
      const step = pointer.split('/').findLast((one) => !/^\d+$/.test(one)) as string
      const name = step.replace('~1', '/')
      t.ok(
        message.includes(name) || pointer.includes('nodeSelectorTerms'),
        `${message} names ${name}`,
      )
    }
  }
})

t.test('format: what is no object is no Pod', async (t) => {
  for (const value of [null, undefined, 'x', 1, true, [], [cpuPod()]]) {
    refuses(t, create(value), 'ERR_POD_FORMAT', JSON.stringify(value))
  }
})

t.test('format: null is what is absent', async (t) => {
  const bare = (pod: Loose) => {
    for (const field of [
      'volumes',
      'initContainers',
      'affinity',
      'os',
      'nodeName',
      'resourceClaims',
    ]) {
      pod.spec[field] = null
    }
    pod.spec.containers[0].ports = null
    pod.spec.containers[0].resources = null
    pod.metadata.annotations = null
  }
  t.match(create(cpuPod(bare)), { allowed: true, reason: 'injected' })
  t.match(create(leasePod(bare)), { allowed: true, reason: 'not-confidential' })
})

t.test('format: what nobody decides by may be anything', async (t) => {
  const odd = (pod: Loose) => {
    pod.status = 'x'
    pod.spec.tolerations = 5
    pod.spec.containers[0].image = ['x']
    pod.spec.containers[0].resources.limits.anything = { not: 'a quantity' }
  }
  t.match(create(gpuPod(odd)), { allowed: true, reason: 'injected' })
})

t.test('format: nesting costs no stack', async (t) => {
  const deep = (depth: number): unknown => {
    let value: unknown = 'x'
    for (let level = 0; level < depth; level += 1) value = [value]
    return value
  }

  const pod = cpuPod()
  pod.spec.containers[0].env = deep(50_000)
  pod.metadata.annotations = { a: 'b' }

  const request = { subResource: '', namespace: 'n', pod, oldPod: pod } as const
  t.match(decide({ ...request, operation: 'CREATE' }, POLICY), {
    allowed: true,
    reason: 'injected',
  })
  const named = (depth: number) => {
    const pod = cpuPod()
    pod.spec.containers[0] = { name: 'akash-attestation-sidecar', env: deep(depth) }
    return pod
  }
  const changed = { ...request, operation: 'UPDATE', oldPod: named(50_000) } as const
  t.match(decide({ ...changed, pod: named(50_000) }, POLICY), { allowed: true })
  t.match(decide({ ...changed, pod: named(50_001) }, POLICY), { code: 'ERR_POD_UPDATE' })
})

// SPDX-License-Identifier: Apache-2.0
// Pods put together at random, of what Pods have and of what they should not. What is asserted is spelled
// out here a second time, and shares nothing with the code.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { CODES } from '../../src/errors.js'
import { type Decision, decide, type WebhookPolicy } from '../../src/webhook/decide.js'
import {
  applied,
  creation,
  frozen,
  type Loose,
  leasePod,
  NAME,
  put,
  sidecars,
  update,
} from './pods.js'
import { asks, at, CLASSES, features, pods, policies } from './random-pods.js'

const isConfidential = (pod: Loose): boolean => {
  const { labels, annotations = {} } = pod.metadata
  if (labels['akash.network'] !== 'true') return false
  const { runtimeClassName } = pod.spec
  return (
    Object.hasOwn(CLASSES, runtimeClassName ?? '') ||
    annotations['akash.network/tee'] !== undefined ||
    !['false', undefined].includes(annotations['attestation.enabled'])
  )
}

const ask = (pod: unknown, policy: WebhookPolicy): Decision => decide(creation(pod), policy)

/** The sidecar as AEP-83 has it, in words of its own. */
const aep83 = (gpu: boolean, policy: WebhookPolicy) => ({
  name: 'akash-attestation-sidecar',
  image: policy.sidecarImage,
  imagePullPolicy: 'IfNotPresent',
  command: ['/attestation-sidecar'],
  ports: [{ name: 'attestation', containerPort: 8790, protocol: 'TCP' }],
  env: [
    { name: 'ATTESTATION_LISTEN_ADDR', value: ':8790' },
    ...(gpu ? [{ name: 'NVIDIA_VISIBLE_DEVICES', value: 'all' }] : []),
    ...(gpu ? [{ name: 'NVIDIA_DRIVER_CAPABILITIES', value: 'utility' }] : []),
  ],
  resources: {
    requests: { cpu: '10m', memory: gpu ? '64Mi' : '32Mi' },
    limits: { cpu: '100m', memory: gpu ? '128Mi' : '64Mi' },
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
  ...(policy.nativeSidecar ? { restartPolicy: 'Always' } : {}),
})

const RUNS = { numRuns: 1500 }

t.test(
  'properties: what is admitted as confidential has all that AEP-83 wants of it',
  async (t) => {
    let seen = 0
    fc.assert(
      fc.property(pods, policies, (pod, policy) => {
        const decision = ask(pod, policy)
        if (!decision.allowed || decision.reason === 'not-confidential') return
        seen += 1
        const { spec, metadata } = applied(pod, decision.patch)
        const required = CLASSES[spec.runtimeClassName]
        if (required === undefined) throw new Error('a class of no TEE')
        for (const label of required) {
          if (spec.nodeSelector[label] !== 'true') throw new Error(`no ${label}`)
        }
        if (spec.nodeName || spec.hostNetwork || spec.shareProcessNamespace)
          throw new Error('an escape')
        if (JSON.stringify(spec.volumes ?? []).includes('hostPath')) throw new Error('a device')
        const optedOut = metadata.annotations?.['akash.network/attestation-disabled'] === 'true'
        const found = sidecars({ spec })
        if (optedOut !== (decision.reason === 'opted-out')) throw new Error('an opting out')
        if (optedOut && found.length > 0) throw new Error('a sidecar that nobody wants')
        const others = [...spec.containers, ...(spec.initContainers ?? [])].filter(
          (one: Loose) => one.name !== NAME,
        )
        if (JSON.stringify(others).includes('8790')) throw new Error('its port')
        if (optedOut) return
        const gpu = spec.runtimeClassName.includes('gpu')
        const list = policy.nativeSidecar ? spec.initContainers : spec.containers
        if (found.length !== 1 || !list.includes(found[0])) throw new Error('not one sidecar')
        if (!isDeepStrictEqual(found[0], aep83(gpu, policy))) throw new Error('another sidecar')
      }),
      RUNS,
    )
    t.ok(seen > 50, 'some were')
  },
)

t.test('properties: to its own answer it has nothing to add', async () => {
  fc.assert(
    fc.property(pods, policies, (pod, policy) => {
      const first = ask(pod, policy)
      if (!first.allowed) return true
      const second = ask(applied(pod, first.patch), policy)
      return second.allowed && second.patch.length === 0
    }),
    RUNS,
  )
})

t.test('properties: a Pod that is not confidential is never touched', async () => {
  fc.assert(
    fc.property(pods, policies, (pod, policy) => {
      if (isConfidential(pod)) return true
      const decision = ask(pod, policy)
      return (
        decision.allowed && decision.reason === 'not-confidential' && decision.patch.length === 0
      )
    }),
    RUNS,
  )
})

t.test(
  'properties: a patch touches the class, the nodes, the sidecar and what it takes',
  async () => {
    const MAY =
      /^\/spec\/(runtimeClassName|nodeSelector(\/[^/]+)?|containers(\/\d+(\/resources\/(limits|requests)\/(cpu|memory))?)?|initContainers(\/0)?)$/
    fc.assert(
      fc.property(pods, policies, (pod, policy) => {
        const decision = ask(pod, policy)
        if (!decision.allowed) return true
        return decision.patch.every(
          ({ op, path }) => MAY.test(path) && (op === 'add' || op === 'replace'),
        )
      }),
      RUNS,
    )
  },
)

t.test('properties: the same question has the same answer', async () => {
  fc.assert(
    fc.property(pods, policies, (pod, policy) => {
      const copy = structuredClone(pod)
      return JSON.stringify(ask(pod, policy)) === JSON.stringify(ask(copy, policy))
    }),
  )
})

t.test('properties: no JSON makes it do anything but answer', async () => {
  const anything = fc.jsonValue({ maxDepth: 6 })
  const pointers = fc.constantFrom(
    '/metadata',
    '/metadata/labels',
    '/metadata/annotations',
    '/spec',
    '/spec/containers',
    '/spec/containers/0',
    '/spec/containers/0/name',
    '/spec/containers/0/ports',
    '/spec/containers/0/resources',
    '/spec/containers/0/resources/limits',
    '/spec/containers/0/resources/limits/nvidia.com~1pgpu',
    '/spec/initContainers',
    '/spec/ephemeralContainers',
    '/spec/volumes',
    '/spec/nodeSelector',
    '/spec/affinity',
    '/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution',
    '/spec/runtimeClassName',
    '/spec/resourceClaims',
    '/spec/os',
  )
  const hostile = fc
    .tuple(pods, fc.array(fc.tuple(pointers, anything), { maxLength: 2 }))
    .map(([pod, changes]) => {
      pod.spec.runtimeClassName = 'kata-qemu-snp'
      for (const [pointer, value] of changes) {
        try {
          put(pointer, value)(pod)
        } catch {}
      }
      return pod
    })
  const question = fc.oneof(anything, hostile)
  const answers = (decision: Decision): boolean =>
    decision.allowed
      ? Array.isArray(decision.patch)
      : CODES[decision.code] === 'request' && decision.message.length < 1000
  fc.assert(
    fc.property(question, question, policies, (pod, oldPod, policy) => {
      const before = JSON.stringify([pod, oldPod])
      const subResources = ['', 'ephemeralcontainers', 'resize', 'status']
      return (
        answers(ask(pod, policy)) &&
        subResources.every((name) => answers(decide(update(oldPod, pod, name), policy))) &&
        JSON.stringify([pod, oldPod]) === before
      )
    }),
    RUNS,
  )
})

t.test('properties: no update changes or hides a sidecar', async () => {
  const POLICY = {
    sidecarImage: 'a',
    platform: 'snp',
    carveResources: false,
    nativeSidecar: false,
  } as const
  const admitted = leasePod(put('/spec/runtimeClassName', 'kata-qemu-snp'))
  const decision = ask(admitted, POLICY)
  const running = frozen(applied(admitted, decision.allowed ? decision.patch : []))
  const changes = fc.array(
    fc.oneof(
      asks,
      features,
      at('/spec/containers/1/image', 'evil', 'a'),
      at('/spec/containers/1/command', ['/bin/sh'], ['/attestation-sidecar']),
      at(
        '/spec/ephemeralContainers',
        [{ name: NAME }],
        [{ name: 'd', targetContainerName: NAME }],
        [{ name: 'd' }],
      ),
    ),
    { maxLength: 4 },
  )
  fc.assert(
    fc.property(changes, (some) => {
      const after = structuredClone(running)
      for (const change of some) {
        try {
          change(after)
        } catch {}
      }
      const decision = decide(update(running, after), POLICY)
      if (!decision.allowed) return true
      const ephemeral = JSON.stringify(after.spec.ephemeralContainers ?? [])
      return (
        isConfidential(after) &&
        JSON.stringify(sidecars(after)) === JSON.stringify(sidecars(running)) &&
        !ephemeral.includes(NAME)
      )
    }),
    RUNS,
  )
})

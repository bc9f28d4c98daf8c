// SPDX-License-Identifier: Apache-2.0
// Pods as the Akash provider makes them, and questions about them.

import rfc6902 from 'rfc6902'
import type { Test } from 'tap'
import type { Code } from '../../src/errors.js'
import {
  type Decision,
  decide,
  type Operation,
  type PodRequest,
  type WebhookPolicy,
} from '../../src/webhook/decide.js'

export const POLICY: WebhookPolicy = {
  sidecarImage: 'registry.example/assay-sidecar@sha256:aa',
  platform: 'snp',
  carveResources: false,
  nativeSidecar: false,
}

export const NAME = 'akash-attestation-sidecar'

// biome-ignore lint/suspicious/noExplicitAny: tests reach into JSON that has no one shape
export type Loose = any

/** A lease's Pod, after the API server's defaults; `change` makes it what a test needs. */
export function leasePod(change: (pod: Loose) => void = () => {}): Loose {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web-7d4b9c5f6-abcde',
      generateName: 'web-7d4b9c5f6-',
      namespace: 'lease',
      labels: { 'akash.network': 'true', 'akash.network/manifest-service': 'web' },
    },
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: false },
      schedulerName: 'default-scheduler',
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }],
      priority: 0,
      enableServiceLinks: false,
      containers: [
        {
          name: 'web',
          image: 'nginx',
          imagePullPolicy: 'IfNotPresent',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          env: [{ name: 'AKASH_DEPLOYMENT_SEQUENCE', value: '1' }],
          resources: {
            limits: { cpu: '1', memory: '512Mi', 'ephemeral-storage': '1Gi' },
            requests: { cpu: '1', memory: '512Mi', 'ephemeral-storage': '1Gi' },
          },
          securityContext: { privileged: false, allowPrivilegeEscalation: false },
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
    },
  }
  change(pod)
  return pod
}

export const cpuPod = (change: (pod: Loose) => void = () => {}): Loose =>
  leasePod((pod) => {
    pod.spec.runtimeClassName = 'kata-qemu-snp'
    change(pod)
  })

export const gpuPod = (change: (pod: Loose) => void = () => {}): Loose =>
  leasePod((pod) => {
    pod.spec.runtimeClassName = 'kata-qemu-nvidia-gpu-snp'
    pod.spec.containers[0].resources.limits['nvidia.com/pgpu'] = '1'
    pod.spec.containers[0].resources.requests['nvidia.com/pgpu'] = '1'
    change(pod)
  })

/** A change that writes one value, at a JSON pointer whose objects come to be where they are not. */
export function put(pointer: string, value: unknown): (pod: Loose) => void {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (pod) => {
    let at = pod
    for (const step of steps.slice(0, -1)) {
      at[step] ??= {}
      at = at[step]
    }
    at[steps.at(-1) as string] = structuredClone(value)
  }
}

/** Several changes, one after the other. */
export const all =
  (...changes: readonly ((pod: Loose) => void)[]) =>
  (pod: Loose): void => {
    for (const change of changes) change(pod)
  }

/** As `JSON.parse` hands it over; whoever writes to it throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) frozen(part)
  }
  return value
}

export const creation = (pod: unknown): PodRequest => ({
  operation: 'CREATE',
  subResource: '',
  namespace: 'lease',
  pod: frozen(pod),
  oldPod: null,
})

export const update = (oldPod: unknown, pod: unknown, subResource = ''): PodRequest => ({
  operation: 'UPDATE',
  subResource,
  namespace: 'lease',
  pod: frozen(pod),
  oldPod: frozen(oldPod),
})

export const create = (pod: unknown, policy: Partial<WebhookPolicy> = {}): Decision =>
  decide(creation(pod), { ...POLICY, ...policy })

/** What the patch makes of it. */
export function applied(pod: unknown, patch: readonly Operation[]): Loose {
  const copy = structuredClone(pod)
  const faults = rfc6902.applyPatch(copy, structuredClone([...patch])).filter((one) => one !== null)
  if (faults.length > 0) throw new Error(`the patch does not apply: ${faults.join(', ')}`)
  return copy
}

/** The Pod as it is admitted; fails where it is not. */
export function admitted(pod: unknown, policy: Partial<WebhookPolicy> = {}): Loose {
  const decision = create(pod, policy)
  if (!decision.allowed) throw new Error(`${decision.code}: ${decision.message}`)
  return applied(pod, decision.patch)
}

/** Asserts a refusal of exactly this code, with a sentence that says what to do, and returns it. */
export function refuses(t: Test, decision: Decision, code: Code, title: string = code): string {
  if (decision.allowed) {
    t.fail(`${title}: it was admitted`)
    return ''
  }
  t.equal(decision.code, code, title)
  t.match(
    decision.message,
    /leave|write|rename|drop|take another|ask|make it|must|delete|keep|target another|belongs|name the/,
    `${title}: says what to change`,
  )
  t.notMatch(decision.message, /undefined|\[object|\n|\.$/, `${title}: one whole sentence`)
  return decision.message
}

/** The sidecars of a Pod, wherever they stand. */
export const sidecars = ({ spec }: Loose): Loose[] =>
  ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) =>
    (spec[list] ?? []).filter((one: Loose) => one.name === NAME),
  )

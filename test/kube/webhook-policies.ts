// SPDX-License-Identifier: Apache-2.0
// The policies in the API server, with and without the webhook: they refuse what its decision refuses, for
// the same reason, and nothing that it makes.

import { deepEqual, equal, ok } from 'node:assert/strict'
import { decide, type WebhookPolicy } from '../../src/webhook/decide.js'
import { ANNOTATIONS } from '../../src/webhook/names.js'
import { type Manifest, only } from '../deploy/manifests.js'
import type { Answer } from './api.js'
import { kubeSuite } from './suite.js'
import { until } from './wait.js'
import { type Kind, leasePod, POD_CHANGES, SIDECAR_CHANGES } from './webhook-pods.js'
import { LEASE, WebhookWorld } from './webhook-world.js'

let world: WebhookWorld
/** As they came out of admission: what the webhook made, and the API server filled in. */
const admitted = new Map<Kind, Manifest>()

const codeOf = ({ status, body }: Answer): string | null =>
  status === 201 ? null : (/ERR_[A-Z_]+/.exec(body.message)?.[0] ?? `${status} ${body.message}`)

function policy(): WebhookPolicy {
  const { data } = only(world.manifests, 'ConfigMap')
  return {
    sidecarImage: data.sidecarImage,
    platform: data.platform,
    carveResources: false,
    nativeSidecar: false,
  }
}

/** A pod of the kind as it can be sent again. */
function fresh(kind: Kind): Manifest {
  const { metadata, spec, ...others } = structuredClone(admitted.get(kind)) as Manifest
  const { labels, annotations = {} } = metadata
  return { ...others, metadata: { name: 'again', labels, annotations }, spec }
}

const decided = (pod: Manifest): string | null => {
  const decision = decide(
    { operation: 'CREATE', subResource: '', namespace: LEASE, pod, oldPod: null },
    policy(),
  )
  if (!decision.allowed) return decision.code
  deepEqual(decision.patch, [], 'there is nothing to add')
  return null
}

const cases = {
  'the API server finds no fault with them': async () => {
    for (const { metadata } of world.manifests.filter(
      ({ kind }) => kind === 'ValidatingAdmissionPolicy',
    )) {
      const at = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${metadata.name}`
      const { typeChecking } = await until(`the types of ${metadata.name}`, async () => {
        const { status } = await world.cluster.api.must('GET', at)
        return status?.typeChecking && status
      })
      deepEqual(typeChecking, {})
    }
  },

  'what the webhook makes passes them': async () => {
    for (const kind of ['cpu', 'gpu', 'optedOut'] as const) {
      const { status, body } = await world.create(leasePod(kind.toLowerCase(), kind))
      equal(status, 201, body.message)
      const { status: _status, ...pod } = body
      admitted.set(kind, pod)
    }
  },

  'without the webhook, they refuse what nobody has seen to': async () => {
    await world.deleteConfiguration()
    const unlabelled = leasePod('a', 'cpu')
    unlabelled.metadata.labels = {}
    equal(codeOf(await world.try(unlabelled)), 'ERR_POD_NODE')
    unlabelled.spec.nodeSelector = fresh('cpu').spec.nodeSelector
    equal(codeOf(await world.try(unlabelled)), 'ERR_POD_SIDECAR')
    const asking = leasePod('a')
    asking.metadata.annotations = { [ANNOTATIONS.tee]: 'cpu' }
    equal(codeOf(await world.try(asking)), 'ERR_POD_RUNTIME_CLASS')
    asking.metadata.annotations = { [ANNOTATIONS.attestation]: 'true' }
    equal(codeOf(await world.try(asking)), 'ERR_POD_RUNTIME_CLASS')
    asking.metadata.annotations = { [ANNOTATIONS.attestation]: 'false' }
    equal(codeOf(await world.try(asking)), null)
  },

  ...Object.fromEntries(
    [...POD_CHANGES, ...SIDECAR_CHANGES].map(({ title, of, change, code }) => [
      `both say ${code ?? 'yes'} to ${title}`,
      async () => {
        const pod = fresh(of)
        change(pod)
        equal(decided(pod), code, 'the decision')
        equal(codeOf(await world.try(pod)), code, 'the policies')
      },
    ]),
  ),

  'two sidecars are one too many': async () => {
    const pod = fresh('cpu')
    pod.spec.initContainers = [
      { ...pod.spec.containers[1], restartPolicy: 'Always', name: 'akash-attestation-sidecar' },
    ]
    pod.spec.containers[1].name = 'other'
    pod.spec.containers[1].ports = []
    equal(codeOf(await world.try(pod)), null, 'a native one is a sidecar, too')
    delete pod.spec.initContainers[0].restartPolicy
    delete pod.spec.initContainers[0].readinessProbe
    equal(codeOf(await world.try(pod)), 'ERR_POD_SIDECAR')
  },

  'a pod of 300 containers is judged': async () => {
    const pod = fresh('cpu')
    const env = Array.from({ length: 40 }, (_, index) => ({ name: `A${index}`, value: 'b' }))
    for (let index = 0; index < 298; index++) {
      pod.spec.containers.push({
        name: `c${index}`,
        image: 'c',
        env,
        ports: [{ containerPort: 80 }],
        resources: { limits: { cpu: '1m', memory: '1Mi', 'example.com/a': '1' } },
      })
    }
    equal(codeOf(await world.try(pod)), null)
    pod.spec.containers[299].ports[0].containerPort = 8790
    equal(codeOf(await world.try(pod)), 'ERR_POD_SIDECAR')
  },

  'without the settings, only the image goes unchecked': async () => {
    const at = '/api/v1/namespaces/assay-system/configmaps/assay-webhook'
    await world.cluster.api.must('DELETE', at)
    await until('the API server to know', async () => {
      const pod = fresh('cpu')
      pod.spec.containers[1].image = 'other'
      return codeOf(await world.try(pod)) === null
    })
    equal(codeOf(await world.try(leasePod('a'))), null)
    const bare = leasePod('a', 'cpu')
    ok(codeOf(await world.try(bare)))
    await world.cluster.applyObjects([only(world.manifests, 'ConfigMap')])
  },
}

export const webhookPolicies = kubeSuite('the policies of the webhook', {
  'the manifests can be applied as they are': async (cluster) => {
    world = await WebhookWorld.install(cluster)
  },
  ...cases,
  'it ends': () => world.kill(),
})

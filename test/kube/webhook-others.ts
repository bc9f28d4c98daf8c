// SPDX-License-Identifier: Apache-2.0
// The webhook among others, clumsy ones and hostile ones: what they add to the workload stays, what they do to
// the sidecar is undone or refused, whoever comes last.

import { deepEqual, equal, match } from 'node:assert/strict'
import type { Manifest } from '../deploy/manifests.js'
import { kubeSuite } from './suite.js'
import { type Doing, OtherWebhook } from './webhook-other.js'
import { leasePod, sidecarOf } from './webhook-pods.js'
import { WebhookWorld } from './webhook-world.js'

let world: WebhookWorld
let before: OtherWebhook
let after: OtherWebhook

const nothing: Doing = () => []
const sidecarAt = ({ spec }: Manifest): number =>
  spec.containers.findIndex(({ name }: Manifest) => name === 'akash-attestation-sidecar')
const toSidecar =
  (op: 'add' | 'replace', field: string, value: unknown): Doing =>
  (pod) =>
    sidecarAt(pod) < 0 ? [] : [{ op, path: `/spec/containers/${sidecarAt(pod)}/${field}`, value }]
const add = (path: string, value: unknown) => ({ op: 'add', path, value }) as const

/** Each of the two does its own; then a confidential pod is tried. */
async function tried(first: Doing, last: Doing, pod = leasePod('a', 'cpu')) {
  before.does(first)
  after.does(last)
  return world.try(pod)
}

async function admitted(first: Doing, last: Doing): Promise<Manifest> {
  const { status, body } = await tried(first, last)
  equal(status, 201, body.message)
  const names = body.spec.containers.map(({ name }: Manifest) => name)
  equal(names.filter((name: string) => name === 'akash-attestation-sidecar').length, 1)
  equal(sidecarOf(body).image, 'registry.example/akash-attestation-sidecar:0.1.0')
  equal(body.spec.nodeSelector['katacontainers.io/kata-runtime'], 'true')
  return body
}

async function refused(first: Doing, last: Doing, said: RegExp): Promise<void> {
  const { status, body } = await tried(first, last)
  equal(status >= 400, true, JSON.stringify(body.spec))
  match(body.message, said)
}

const proxy = { name: 'proxy', image: 'proxy', ports: [{ containerPort: 15001 }] }
const addProxy: Doing = ({ spec }) =>
  spec.containers.some(({ name }: Manifest) => name === 'proxy')
    ? []
    : [add('/spec/containers/-', proxy)]

const BY_US = /admission webhook "attestation-sidecar-injector\.akash\.network" denied.*ERR_POD/
const BY_POLICY = /ValidatingAdmissionPolicy 'assay-[a-z-]+' with binding .*ERR_POD/

const cases = {
  'containers that others add are admitted, before us and after us': async () => {
    deepEqual((await admitted(addProxy, nothing)).spec.containers.length, 3)
    deepEqual((await admitted(nothing, addProxy)).spec.containers.length, 3)
  },

  'so are volumes, init containers, annotations and tolerations': async () => {
    const doing: Doing = ({ metadata, spec }) =>
      metadata.annotations?.seen
        ? []
        : [
            add('/metadata/annotations', { seen: 'yes' }),
            add('/spec/initContainers', [{ name: 'first', image: 'first' }]),
            add('/spec/volumes', [...(spec.volumes ?? []), { name: 'v', emptyDir: {} }]),
            add('/spec/tolerations/-', { key: 'a', operator: 'Exists' }),
          ]
    await admitted(nothing, doing)
    equal(after.times > 0, true)
  },

  'one that changes every container has to leave the sidecar out': async () => {
    const env = toSidecar('add', 'env/-', { name: 'OTEL', value: 'on' })
    await refused(nothing, env, BY_US)
    const mount = { name: 'v', mountPath: '/v' }
    const volume: Doing = (pod, time) => [
      ...(time === 1 ? [add('/spec/volumes/-', { name: 'v', emptyDir: {} })] : []),
      ...toSidecar('add', 'volumeMounts', [mount])(pod, time),
    ]
    await refused(nothing, volume, BY_US)
  },

  'one that takes the sidecar out is undone': async () => {
    await admitted(nothing, (pod, time) =>
      time > 1 || sidecarAt(pod) < 0
        ? []
        : [{ op: 'remove', path: `/spec/containers/${sidecarAt(pod)}` }],
    )
  },

  'one that changes the node selector is undone': async () => {
    await admitted(nothing, (_pod, time) =>
      time > 1 ? [] : [{ op: 'replace', path: '/spec/nodeSelector', value: { a: 'b' } }],
    )
  },

  'one that changes the image is refused, before anything is kept': () =>
    refused(nothing, toSidecar('replace', 'image', 'evil'), BY_US),

  'one that opens the pod to its host is refused': () =>
    refused(nothing, () => [add('/spec/hostNetwork', true)], BY_US),

  'one that takes the port is refused': () =>
    refused(
      nothing,
      ({ spec }) =>
        spec.containers.length > 2
          ? []
          : [add('/spec/containers/-', { ...proxy, ports: [{ containerPort: 8790 }] })],
      BY_US,
    ),

  // Asked a second time because the first one changed something, after ours was asked a second time.
  'who comes after the last word of ours is refused by the policies': async () => {
    const everyTime: Doing = ({ metadata }, time) => [
      add('/metadata/annotations', { ...metadata.annotations, time: String(time) }),
    ]
    const second =
      (doing: Doing): Doing =>
      (pod, time) =>
        time < 2 ? [add('/metadata/labels/seen', 'yes')] : doing(pod, time)
    for (const doing of [
      toSidecar('replace', 'image', 'evil'),
      toSidecar('replace', 'command', ['/evil']),
      toSidecar('add', 'args', ['--evil']),
      toSidecar('add', 'env/-', { name: 'LD_PRELOAD', value: '/evil' }),
      ((pod) => [{ op: 'remove', path: `/spec/containers/${sidecarAt(pod)}` }]) satisfies Doing,
      (() => [add('/spec/hostPID', true)]) satisfies Doing,
      (() => [{ op: 'remove', path: '/spec/nodeSelector' }]) satisfies Doing,
      (() => [add('/spec/nodeName', 'mine')]) satisfies Doing,
    ]) {
      await refused(everyTime, second(doing), BY_POLICY)
      equal(after.times, 2, 'it had the last word')
    }
  },

  'one that takes the label away, so that ours is not asked, is refused': () =>
    refused(() => [{ op: 'remove', path: '/metadata/labels/akash.network' }], nothing, BY_POLICY),

  'one that makes an ordinary pod confidential is seen': async () => {
    const make: Doing = ({ spec }) =>
      spec.runtimeClassName ? [] : [add('/spec/runtimeClassName', 'kata-qemu-snp')]
    const early = await tried(make, nothing, leasePod('a'))
    equal(early.status, 201, early.body.message)
    equal(sidecarAt(early.body), 1)
    // Ours was not asked at first, and the API server asks nobody again whom it has not asked before.
    const late = await tried(nothing, make, leasePod('a'))
    equal(late.status, 422)
    match(late.body.message, BY_POLICY)
  },
}

export const webhookOthers = kubeSuite('the webhook among others', {
  'it is installed between two others': async (cluster) => {
    world = await WebhookWorld.install(cluster)
    before = await OtherWebhook.install(cluster, 'aaa')
    after = await OtherWebhook.install(cluster, 'zzz')
  },
  ...cases,
  'it ends': async () => {
    before.close()
    after.close()
    await world.kill()
  },
})

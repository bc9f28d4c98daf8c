// SPDX-License-Identifier: Apache-2.0
// Pods that are there already: what may be changed about them, and what may not, whatever the settings
// have become in the meantime.

import { deepEqual, equal, match } from 'node:assert/strict'
import { SIDECAR } from '../../src/webhook/names.js'
import { type Manifest, only } from '../deploy/manifests.js'
import type { Answer } from './api.js'
import { kubeSuite } from './suite.js'
import { until } from './wait.js'
import { leasePod, sidecarOf } from './webhook-pods.js'
import { LEASE, podsOf, WebhookWorld } from './webhook-world.js'

let world: WebhookWorld

const MERGE = 'application/strategic-merge-patch+json'
const patch = (name: string, body: object, part = ''): Promise<Answer> =>
  world.cluster.api.request('PATCH', `${podsOf(LEASE)}/${name}${part}`, body, MERGE)

async function refused(answer: Promise<Answer>, code: string): Promise<void> {
  const { status, body } = await answer
  equal(status, 422, JSON.stringify(body))
  match(body.message, new RegExp(`denied request: ${code}: `))
}
async function taken(answer: Promise<Answer>): Promise<Manifest> {
  const { status, body } = await answer
  equal(status, 200, body.message)
  return body
}

const containers = (...list: object[]) => ({ spec: { containers: list } })
const annotated = (name: string, value: string | null) => ({
  metadata: { annotations: { [name]: value } },
})
const ephemeral = (name: string, targetContainerName?: string) => ({
  spec: { ephemeralContainers: [{ name, image: 'debug', targetContainerName }] },
})

const cases = {
  'there is a pod to change': async () => {
    for (const [name, kind] of [
      ['web', 'cpu'],
      ['out', 'optedOut'],
      ['plain', 'ordinary'],
    ] as const) {
      equal((await world.create(leasePod(name, kind))).status, 201)
    }
  },

  'labels, annotations, finalizers and images of the workload change': async () => {
    const metadata = { labels: { a: 'b' }, annotations: { a: 'b' }, finalizers: ['kube.test/a'] }
    await taken(patch('web', { metadata }))
    const pod = await taken(patch('web', containers({ name: 'web', image: 'newer' })))
    equal(pod.spec.containers[0].image, 'newer')
    await taken(patch('web', { metadata: { finalizers: null } }))
  },

  'the image of the sidecar does not': () =>
    refused(patch('web', containers({ name: SIDECAR.container, image: 'b' })), 'ERR_POD_UPDATE'),

  'nor do its resources': () => {
    const resources = { limits: { cpu: '1' } }
    const body = containers({ name: SIDECAR.container, resources })
    return refused(patch('web', body, '/resize'), 'ERR_POD_UPDATE')
  },

  'those of the workload do': async () => {
    const resources = { limits: { cpu: '400m' }, requests: { cpu: '400m' } }
    await taken(patch('web', containers({ name: 'web', resources }), '/resize'))
  },

  'what it was decided by does not': async () => {
    const label = { metadata: { labels: { 'akash.network': 'false' } } }
    await refused(patch('web', label), 'ERR_POD_UPDATE')
    for (const name of ['akash.network/attestation-disabled', 'attestation.enabled']) {
      await refused(patch('web', annotated(name, 'true')), 'ERR_POD_UPDATE')
    }
    await refused(patch('web', annotated('akash.network/tee', 'cpu')), 'ERR_POD_UPDATE')
    await refused(patch('web', annotated('io.katacontainers.a', 'b')), 'ERR_POD_UPDATE')
    const dropped = annotated('akash.network/attestation-disabled', null)
    await refused(patch('out', dropped), 'ERR_POD_UPDATE')
  },

  'an ordinary pod does not become one that asks': () =>
    refused(patch('plain', annotated('akash.network/tee', 'cpu')), 'ERR_POD_UPDATE'),

  'it may be looked into by a container beside the sidecar': async () => {
    await taken(patch('web', ephemeral('shell', 'web'), '/ephemeralcontainers'))
    await taken(patch('out', ephemeral('shell'), '/ephemeralcontainers'))
    await taken(patch('plain', ephemeral('shell'), '/ephemeralcontainers'))
  },

  'not by one inside it, or in its name': async () => {
    const inside = ephemeral('spy', SIDECAR.container)
    await refused(patch('web', inside, '/ephemeralcontainers'), 'ERR_POD_SIDECAR')
    const named = ephemeral(SIDECAR.container)
    await refused(patch('out', named, '/ephemeralcontainers'), 'ERR_POD_SIDECAR')
  },

  'the status of a pod is the kubelet’s': async () => {
    await taken(patch('web', { status: { phase: 'Running' } }, '/status'))
  },

  'after an upgrade of the image, pods with the old one change as before': async () => {
    const settings = only(world.manifests, 'ConfigMap')
    const sidecarImage = 'registry.example/akash-attestation-sidecar:0.2.0'
    const upgraded = { ...settings, data: { ...settings.data, sidecarImage } }
    await world.cluster.applyObjects([upgraded])
    const said = await until('the policy to know', async () => {
      const { status, body } = await world.try(leasePod('a', 'cpu'))
      return status === 422 && body.message
    })
    match(said, /sidecarImage of the ConfigMap assay-webhook is .*0\.2\.0.*restart the webhook/)
    await taken(patch('web', { metadata: { finalizers: ['kube.test/b'], labels: { a: 'c' } } }))
    await taken(patch('web', { metadata: { finalizers: null } }))
    await world.restart(upgraded)
    const { status, body } = await world.try(leasePod('a', 'cpu'))
    equal(status, 201, body.message)
    equal(sidecarOf(body).image, sidecarImage)
  },

  'whatever it is, it can be deleted': async () => {
    for (const name of ['web', 'out', 'plain']) {
      const at = `${podsOf(LEASE)}/${name}?gracePeriodSeconds=0`
      await world.cluster.api.must('DELETE', at)
    }
    deepEqual((await world.cluster.api.must('GET', podsOf(LEASE))).items, [])
  },
}

export const webhookUpdates = kubeSuite('the webhook, pods that are there', {
  'it is installed': async (cluster) => {
    world = await WebhookWorld.install(cluster)
  },
  ...cases,
  'it ends': () => world.kill(),
})

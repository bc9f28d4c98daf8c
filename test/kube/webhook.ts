// SPDX-License-Identifier: Apache-2.0
// Admission with the manifests of deploy/webhook as they are and the webhook's own processes.

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { WEBHOOK } from '../../src/webhook/names.js'
import type { Manifest } from '../deploy/manifests.js'
import type { Answer } from './api.js'
import { kubeSuite } from './suite.js'
import { until } from './wait.js'
import { deployment, leasePod, POD_CHANGES, sidecarOf } from './webhook-pods.js'
import { LABELS, LEASE, ORDINARY_CLASS, podsOf, WebhookWorld } from './webhook-world.js'

let world: WebhookWorld

const made = ({ status, body }: Answer): Manifest => {
  equal(status, 201, body.message)
  return body
}
const names = ({ spec }: Manifest): string[] => spec.containers.map(({ name }: Manifest) => name)
const INJECTED = ['web', 'akash-attestation-sidecar']
const SNP = {
  'katacontainers.io/kata-runtime': 'true',
  'amd.feature.node.kubernetes.io/snp': 'true',
}

/** Who it is about. */
const triggers = {
  'a pod of a confidential class gets its sidecar and its nodes': async () => {
    const pod = made(await world.try(leasePod('a', 'cpu')))
    deepEqual(names(pod), INJECTED)
    deepEqual(pod.spec.nodeSelector, SNP)
    const { image, command, ports, resources, securityContext, volumeMounts } = sidecarOf(pod)
    equal(image, 'registry.example/akash-attestation-sidecar:0.1.0')
    deepEqual(command, ['/attestation-sidecar'])
    deepEqual(ports, [{ name: 'attestation', containerPort: 8790, protocol: 'TCP' }])
    equal(resources.limits.memory, '64Mi')
    equal(securityContext.privileged, true)
    match(volumeMounts[0].name, /^kube-api-access-/)
  },

  'one with GPUs gets what they need': async () => {
    const pod = made(await world.try(leasePod('a', 'gpu')))
    deepEqual(pod.spec.nodeSelector, { ...SNP, 'nvidia.com/cc.ready.state': 'true' })
    equal(sidecarOf(pod).resources.limits.memory, '128Mi')
    equal(sidecarOf(pod).env.length, 3)
  },

  'one that asks by annotation gets the class as well': async () => {
    const pod = leasePod('a')
    pod.metadata.annotations = { 'akash.network/tee': 'cpu' }
    equal(made(await world.try(pod)).spec.runtimeClassName, 'kata-qemu-snp')
    pod.metadata.annotations = { 'attestation.enabled': 'true' }
    pod.spec.containers[0].resources.limits['nvidia.com/pgpu'] = '1'
    const gpu = made(await world.try(pod))
    equal(gpu.spec.runtimeClassName, 'kata-qemu-nvidia-gpu-snp')
    deepEqual(names(gpu), INJECTED)
  },

  'one that opts out gets its nodes and no sidecar': async () => {
    const pod = made(await world.try(leasePod('a', 'optedOut')))
    deepEqual(names(pod), ['web'])
    deepEqual(pod.spec.nodeSelector, SNP)
  },

  'ordinary pods, of leases and of others, are left alone': async ({ cluster }: WebhookWorld) => {
    await cluster.namespace('other')
    await cluster.namespace('half', { 'akash.network': 'true' })
    const ordinary = leasePod('a')
    const sandboxed = leasePod('a')
    sandboxed.spec.runtimeClassName = ORDINARY_CLASS
    for (const pod of [ordinary, sandboxed]) deepEqual(names(made(await world.try(pod))), ['web'])
    for (const namespace of ['other', 'half', 'kube-system', 'default']) {
      await until(
        `the service account of ${namespace}`,
        async () => (await world.try(ordinary, namespace)).status === 201,
      )
      const pod = made(await world.try(leasePod('a', 'cpu'), namespace))
      deepEqual(names(pod), ['web'], namespace)
      equal(pod.spec.nodeSelector, undefined)
    }
  },

  'a pod of a lease without the label is refused, not missed': async () => {
    const pod = leasePod('a', 'cpu')
    pod.metadata.labels = {}
    const { status, body } = await world.try(pod)
    equal(status, 422)
    match(body.message, /assay-confidential-pods.*the label akash\.network=true/)
  },
}

const refusals = Object.fromEntries(
  POD_CHANGES.map(({ title, of, change, code }) => [
    `${code === null ? 'it takes' : `${code} refuses`} ${title}`,
    async () => {
      const pod = leasePod('a', of)
      change(pod)
      const { status, body } = await world.try(pod)
      equal(status, code === null ? 201 : 403, body.message)
      if (code === null) return
      const said = `admission webhook "${WEBHOOK.name}" denied the request: ${code}: `
      ok(body.message.includes(said), body.message)
    },
  ]),
)

const podsLike = async (namespace: string, label: string): Promise<Manifest[]> => {
  const { items } = await world.cluster.api.must(
    'GET',
    `${podsOf(namespace)}?labelSelector=${encodeURIComponent(label)}`,
  )
  return items
}

const ways = {
  'a dry run is answered with the sidecar, and nothing is kept': async ({
    cluster,
  }: WebhookWorld) => {
    deepEqual(names(made(await world.try(leasePod('dry', 'cpu')))), INJECTED)
    equal((await cluster.api.request('GET', `${podsOf(LEASE)}/dry`)).status, 404)
  },

  'pods that a Deployment makes have theirs, and its template none': async ({
    cluster,
  }: WebhookWorld) => {
    await cluster.applyObjects([deployment('web', leasePod('web', 'cpu'))])
    const pods = await until('its pods', async () => {
      const items = await podsLike(LEASE, 'app=web')
      return items.length === 2 && items
    })
    for (const pod of pods) deepEqual(names(pod), INJECTED)
    const at = `/apis/apps/v1/namespaces/${LEASE}/deployments/web`
    deepEqual(names((await cluster.api.must('GET', at)).spec.template), ['web'])
  },

  'a Deployment whose pods are refused says why': async ({ cluster }: WebhookWorld) => {
    const pod = leasePod('bad', 'cpu')
    pod.spec.hostPID = true
    await cluster.applyObjects([deployment('bad', pod)])
    const at = `/apis/apps/v1/namespaces/${LEASE}/deployments/bad`
    const message = await until('the reason', async () => {
      const { conditions = [] } = (await cluster.api.must('GET', at)).status
      return conditions.find(({ type }: Manifest) => type === 'ReplicaFailure')?.message
    })
    match(message, /ERR_POD_HOST: spec\.hostPID is true: leave it out/)
  },

  'what was admitted is admitted again, and stays as it is': async () => {
    const { metadata, spec } = made(await world.create(leasePod('first', 'gpu')))
    const again = { metadata: { name: 'second', labels: metadata.labels }, spec }
    deepEqual(made(await world.create(again)).spec, spec)
  },

  'a namespace with limits of its own does not stand in the way': async ({
    cluster,
  }: WebhookWorld) => {
    await cluster.namespace('limited', { ...LABELS, 'akash.network/namespace': 'limited' })
    const limits = [
      { type: 'Container', default: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' } },
    ]
    const at = '/api/v1/namespaces/limited/limitranges'
    await cluster.api.must('POST', at, { metadata: { name: 'limits' }, spec: { limits } })
    const pod = await until('the limits to be applied', async () => {
      const { spec } = made(await world.try(leasePod('a', 'cpu'), 'limited'))
      return spec.containers[0].resources.limits['ephemeral-storage'] && spec
    })
    equal(pod.containers[1].resources.limits.memory, '64Mi')
  },

  'a warning of the webhook reaches whoever creates the pod': async () => {
    const pod = leasePod('a', 'cpu')
    pod.spec.restartPolicy = 'OnFailure'
    const { warnings } = await world.try(pod)
    match(warnings[0] ?? '', /^spec\.restartPolicy is "OnFailure"/)
  },
}

const itself = {
  'its own pods keep to the restrictions of its namespace': async () => {
    const label = `app.kubernetes.io/name=${WEBHOOK.deployment}`
    const pods = await until('its pods', async () => {
      const items = await podsLike(WEBHOOK.namespace, label)
      return items.length === 2 && items
    })
    for (const { spec } of pods) equal(spec.priority, 1_000_000)
  },
}

type Case = (world: WebhookWorld) => Promise<void>
const all: Readonly<Record<string, Case>> = { ...triggers, ...refusals, ...ways, ...itself }

export const webhook = kubeSuite('the webhook', {
  'it is installed': async (cluster) => {
    world = await WebhookWorld.install(cluster)
  },
  ...Object.fromEntries(Object.entries(all).map(([title, holds]) => [title, () => holds(world)])),
  'it ends': () => world.kill(),
})

// SPDX-License-Identifier: Apache-2.0
// What an outage of the webhook stops, which is new confidential pods and nothing else; and what is no outage:
// new certificates, a rollout.

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { WEBHOOK } from '../../src/webhook/names.js'
import type { Manifest } from '../deploy/manifests.js'
import { Authority } from '../fake/authority.js'
import { kubeSuite } from './suite.js'
import { until } from './wait.js'
import { type Load, underLoad } from './webhook-load.js'
import { deployment, leasePod, sidecarOf } from './webhook-pods.js'
import { LEASE, ORDINARY_CLASS, podsOf, WebhookWorld } from './webhook-world.js'

let world: WebhookWorld
let authority: Authority
const RATE = 200
/** Below it nothing was tried. */
const FEWEST = 100

const asking = (): Manifest => {
  const pod = leasePod('a')
  pod.metadata.annotations = { 'akash.network/tee': 'cpu' }
  return pod
}

const outage = {
  'down, confidential pods are refused': async () => {
    await world.create(leasePod('before', 'cpu'))
    await world.cluster.namespace('other')
    await world.kill()
    for (const pod of [
      leasePod('a', 'cpu'),
      leasePod('a', 'gpu'),
      leasePod('a', 'optedOut'),
      asking(),
    ]) {
      const { status, body } = await world.try(pod)
      equal(status, 500)
      match(body.message, new RegExp(`failed calling webhook "${WEBHOOK.name}"`))
    }
  },

  'ordinary pods of leases are created': async () => {
    const sandboxed = leasePod('sandboxed')
    sandboxed.spec.runtimeClassName = ORDINARY_CLASS
    for (const pod of [leasePod('ordinary'), sandboxed]) {
      const { status, body } = await world.create(pod)
      equal(status, 201, body.message)
    }
  },

  'so are pods of others and of the system, whatever they are': async () => {
    for (const namespace of ['other', 'kube-system', WEBHOOK.namespace]) {
      const pod = leasePod('a', namespace === WEBHOOK.namespace ? 'ordinary' : 'cpu')
      Object.assign(pod.spec, restricted)
      Object.assign(pod.spec.containers[0], { securityContext: container })
      await until(`the service account of ${namespace}`, async () => {
        const { status, body } = await world.create(pod, namespace)
        return status === 201 || Promise.reject(new Error(body.message))
      })
    }
  },

  'confidential pods that are there change and go': async () => {
    const { api } = world.cluster
    const at = `${podsOf(LEASE)}/before`
    const labels = { metadata: { labels: { a: 'b' } } }
    await api.must('PATCH', at, labels, 'application/merge-patch+json')
    await api.must('DELETE', `${at}?gracePeriodSeconds=0`)
  },

  'a Deployment waits, and has its pods when the webhook is back': async () => {
    const { cluster } = world
    const pods = async () => {
      const { items } = await cluster.api.must('GET', `${podsOf(LEASE)}?labelSelector=app%3Dlate`)
      return items
    }
    await cluster.applyObjects([deployment('late', leasePod('late', 'cpu'))])
    await until('the failure', async () => {
      const at = `/apis/apps/v1/namespaces/${LEASE}/deployments/late`
      const { conditions = [] } = (await cluster.api.must('GET', at)).status
      return conditions.some(({ type }: Manifest) => type === 'ReplicaFailure')
    })
    deepEqual(await pods(), [])
    await world.start(2)
    await until('its pods', async () => (await pods()).length === 2)
    for (const pod of await pods()) ok(sidecarOf(pod))
  },
}

/** What the namespace of the webhook asks of everybody. */
const restricted = {
  securityContext: { runAsNonRoot: true, runAsUser: 1, seccompProfile: { type: 'RuntimeDefault' } },
}
const container = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }

function unharmed({ sent, perSecond, failures }: Load): void {
  deepEqual([...failures], [])
  ok(sent >= FEWEST, `only ${sent} were sent`)
  console.log(`        ${sent} admissions, ${Math.round(perSecond)}/s`)
}
const load = (meanwhile: () => Promise<void>): Promise<Load> =>
  underLoad(RATE, () => world.try(leasePod('a', 'cpu')), meanwhile)

/** How often a line was written by all processes together. */
const said = (words: string): number =>
  world.processes.flatMap(({ lines }) => lines).filter(({ msg }) => msg === words).length

/** As the certificate job does it: the API server learns of the new one before anybody serves with it. */
async function renewed(next: Authority): Promise<void> {
  await world.trust(authority.cert, next.cert)
  const before = said('certificate in use')
  world.serveWith(next)
  await until('the new certificate', () => said('certificate in use') === before + 2)
  await world.trust(next.cert)
  authority = next
}

const changes = {
  'certificate and CA are renewed under load, and nothing fails': async () => {
    unharmed(
      await load(async () => {
        for (const name of ['the second CA', 'the third CA', 'the fourth CA']) {
          await renewed(new Authority(name))
        }
      }),
    )
  },

  'processes are replaced under load, and nothing fails': async () => {
    unharmed(await load(() => world.rollOut()))
  },

  'a CA that did not sign it is an outage, and said to be': async () => {
    await world.trust(new Authority('a stranger').cert)
    const { status, body } = await world.try(leasePod('a', 'cpu'))
    equal(status, 500)
    match(body.message, /certificate signed by unknown authority/)
    equal((await world.try(leasePod('a'))).status, 201)
  },
}

export const webhookOutage = kubeSuite('the webhook, down and renewed', {
  'it is installed': async (cluster) => {
    authority = new Authority()
    world = await WebhookWorld.install(cluster, authority)
  },
  ...outage,
  ...changes,
  'it ends': () => world.kill(),
})

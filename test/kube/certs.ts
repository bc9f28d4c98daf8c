// SPDX-License-Identifier: Apache-2.0
// The certificate job against a real API server, as the account of its manifests: runs at once, a wiped
// caBundle, renewals while the API server calls the webhook.

import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { WEBHOOK } from '../../src/webhook/names.js'
import { assay, type Ran } from '../cli/terminal.js'
import type { Manifest } from '../deploy/manifests.js'
import { only } from '../deploy/manifests.js'
import { Api } from './api.js'
import { kubeSuite } from './suite.js'
import { until } from './wait.js'
import { underLoad } from './webhook-load.js'
import { leasePod } from './webhook-pods.js'
import { WebhookWorld } from './webhook-world.js'

const ACCOUNT = 'assay-webhook-certs'
const SECRETS = `/api/v1/namespaces/${WEBHOOK.namespace}/secrets`
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const RATE = 100
/** Below it nothing was tried. */
const FEWEST = 100

let world: WebhookWorld
let account: KubeConfig

/** The job, as whoever is named. */
function job(flags: readonly string[] = [], who = account): Promise<Ran> {
  const kubeconfig = world.cluster.kubeconfigFile(who)
  return assay(['webhook-certs', '--kubeconfig', kubeconfig, '--settle', '1', ...flags], {
    now: () => new Date(),
    sleep: (ms) => setTimeout(ms),
  })
}

/** What a run came to. */
async function done(...flags: readonly string[]): Promise<Manifest> {
  const { code, out, err } = await job([...flags, '--json'])
  equal(code, 0, err)
  await world.cluster.settled('MutatingWebhookConfiguration')
  return JSON.parse(out)
}

const secret = (): Promise<Manifest> =>
  world.cluster.api.must('GET', `${SECRETS}/${WEBHOOK.secret}`)
const configuration = (): Promise<Manifest> =>
  world.cluster.api.must('GET', `${CONFIGURATIONS}/${WEBHOOK.configuration}`)
const decoded = (base64 = ''): string => Buffer.from(base64, 'base64').toString()
const blocks = (pem: string): string[] =>
  pem.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g) ?? []
const trusted = async (): Promise<string[]> => {
  const [{ clientConfig }] = (await configuration()).webhooks
  return blocks(decoded(clientConfig.caBundle)).sort()
}
const held = async (): Promise<string[]> => blocks(decoded((await secret()).data['ca.crt'])).sort()

const said = (words: string): number =>
  world.processes.flatMap(({ lines }) => lines).filter(({ msg }) => msg === words).length

/** What the kubelet does, some time later. */
async function mounted(): Promise<void> {
  const { data } = await secret()
  const issue = () => ({ cert: decoded(data['tls.crt']), key: decoded(data['tls.key']) })
  const before = said('certificate in use')
  world.serveWith({ issue })
  const count = world.processes.length
  await until('the new certificate', () => said('certificate in use') === before + count)
}

async function unharmed(meanwhile: () => Promise<void>): Promise<void> {
  const send = () => world.try(leasePod('a', 'cpu'))
  const { sent, perSecond, failures } = await underLoad(RATE, send, meanwhile)
  deepEqual([...failures], [])
  ok(sent >= FEWEST, `only ${sent} were sent`)
  console.log(`        ${sent} admissions, ${Math.round(perSecond)}/s`)
}

const first = {
  'a dry run is checked, and keeps nothing': async () => {
    match(await outOf(['--dry-run']), /: created: .*\n[\s\S]*: patched\n/)
    equal((await world.cluster.api.request('GET', `${SECRETS}/${WEBHOOK.secret}`)).status, 404)
    deepEqual(await trusted(), [])
  },

  'three first runs at once end in one authority': async () => {
    const ran = await Promise.all([job(['--json']), job(['--json']), job(['--json'])])
    for (const { code, err } of ran) equal(code, 0, err)
    const states = ran.map(({ out }) => JSON.parse(out).secret.state)
    deepEqual(states.sort(), ['created', 'unchanged', 'unchanged'])
    equal((await held()).length, 1)
    deepEqual(await trusted(), await held())
  },

  'nothing due, nothing is written': async () => {
    const before = [await secret(), await configuration()]
    equal((await done()).configuration.state, 'unchanged')
    deepEqual([await secret(), await configuration()], before)
  },

  'the account of the manifests may do this, and no more': async () => {
    const api = new Api(account)
    for (const path of [SECRETS, `${SECRETS}/another`, CONFIGURATIONS]) {
      equal((await api.request('GET', path)).status, 403, path)
    }
    equal((await api.request('DELETE', `${SECRETS}/${WEBHOOK.secret}`)).status, 403)
    api.close()
  },

  'whoever lacks a permission is told which': async () => {
    const { code, err } = await job([], world.cluster.userKubeconfig('stranger'))
    equal(code, 20)
    match(err, /^assay: ERR_KUBERNETES_FORBIDDEN: this account may not get [^\n]+\n$/)
  },
}

async function outOf(flags: readonly string[]): Promise<string> {
  const { code, out, err } = await job(flags)
  equal(code, 0, err)
  return out
}

const renewals = {
  'the webhook serves with the certificate': async () => {
    const { data } = await secret()
    world.serveWith({
      issue: () => ({ cert: decoded(data['tls.crt']), key: decoded(data['tls.key']) }),
    })
    await world.start(2)
    const { status, body } = await world.try(leasePod('a', 'cpu'))
    equal(status, 201, body.message)
  },

  'renewed under load, with pods that take it up late, nothing fails': async () => {
    await unharmed(async () => {
      for (let count = 0; count < 3; count++) {
        equal((await done('--renew')).secret.state, 'renewed')
        await mounted()
      }
    })
    equal((await trusted()).length, 4)
  },

  'renewed by three runs at once under load, nothing fails': async () => {
    await unharmed(async () => {
      const ran = await Promise.all([job(['--renew']), job(['--renew']), job(['--renew'])])
      for (const { code, err } of ran) equal(code, 0, err)
      await mounted()
    })
    deepEqual(await trusted(), await held())
  },

  'a dry run of a renewal and of pruning keeps nothing': async () => {
    const before = [await secret(), await configuration()]
    match(await outOf(['--dry-run', '--renew']), /: renewed: as asked\n/)
    match(await outOf(['--dry-run', '--prune']), /: pruned\n/)
    deepEqual([await secret(), await configuration()], before)
  },

  'pruned under load, nothing fails': async () => {
    await unharmed(async () => {
      equal((await done('--prune')).secret.state, 'pruned')
      await setTimeout(1000)
    })
    equal((await trusted()).length, 1)
    deepEqual(await trusted(), await held())
  },
}

const mishaps = {
  'manifests that are applied again keep the caBundle': async () => {
    const before = await trusted()
    await world.cluster.applyObjects(world.manifests)
    deepEqual(await trusted(), before)
  },

  'a wiped caBundle is restored, predecessors included': async () => {
    equal((await done('--renew')).secret.state, 'renewed')
    const before = await trusted()
    equal(before.length, 2)
    const { managedFields: _, ...metadata } = (await configuration()).metadata
    const wiped = { ...only(world.manifests, 'MutatingWebhookConfiguration'), metadata }
    await world.cluster.api.must('PUT', `${CONFIGURATIONS}/${WEBHOOK.configuration}`, wiped)
    await world.cluster.settled('MutatingWebhookConfiguration')
    equal((await world.try(leasePod('a', 'cpu'))).status, 500)
    equal((await done()).configuration.state, 'patched')
    deepEqual(await trusted(), before)
    const { status, body } = await world.try(leasePod('a', 'cpu'))
    equal(status, 201, body.message)
  },

  'a configuration that is missing is said to be, and completed later': async () => {
    await world.deleteConfiguration()
    const { code, err } = await job()
    equal(code, 20)
    match(err, /^assay: ERR_WEBHOOK_CONFIGURATION: [^\n]+\n$/)
    await world.restoreConfiguration()
    equal((await done()).configuration.state, 'patched')
    deepEqual(await trusted(), await held())
  },

  'a Secret that is taken away is made again, and its predecessor trusted': async () => {
    const before = await trusted()
    await world.cluster.api.must('DELETE', `${SECRETS}/${WEBHOOK.secret}`)
    equal((await done()).secret.state, 'created')
    for (const one of before) ok((await trusted()).includes(one))
    notEqual((await held()).length, 0)
    const { status, body } = await world.try(leasePod('a', 'cpu'))
    equal(status, 201, body.message)
  },

  'an immutable Secret, and one that is not ours, are left alone': async () => {
    const patch = (change: object) =>
      world.cluster.api.must(
        'PATCH',
        `${SECRETS}/${WEBHOOK.secret}`,
        change,
        'application/merge-patch+json',
      )
    await patch({ data: { 'ca.crt': null } })
    const { code, err } = await job()
    equal(code, 30)
    match(err, /^assay: ERR_WEBHOOK_SECRET: [^\n]+\n$/)
    equal((await done('--force')).secret.state, 'replaced')
    await patch({ immutable: true })
    const refused = await job(['--renew'])
    equal(refused.code, 20)
    match(refused.err, /^assay: ERR_KUBERNETES_REFUSED: [^\n]+immutable[^\n]+\n$/)
  },

  'an API server that is down is said to be': async () => {
    await world.cluster.stopApiServer()
    const { code, err } = await job()
    equal(code, 20)
    match(err, /^assay: ERR_KUBERNETES_UNAVAILABLE: [^\n]+\n$/)
  },
}

export const certs = kubeSuite('certificates of the webhook', {
  'it is installed': async (cluster) => {
    world = await WebhookWorld.prepare(cluster)
    account = await cluster.serviceAccountKubeconfig(WEBHOOK.namespace, ACCOUNT)
  },
  ...first,
  ...renewals,
  ...mishaps,
  'it ends': () => world.kill(),
})

// SPDX-License-Identifier: Apache-2.0
// The certificate job with the permissions of its manifests and no others, and the process with what it made.

import { deepEqual, equal, match } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { WEBHOOK } from '../../src/webhook/names.js'
import { only } from '../deploy/manifests.js'
import { Api } from './api.js'
import type { Cluster } from './cluster.js'
import type { Manifest } from './objects.js'
import { kubeSuite } from './suite.js'
import { leasePod } from './webhook-pods.js'
import { WebhookWorld } from './webhook-world.js'

const root = path.resolve(import.meta.dirname, '../..')
const main = path.join(root, 'src/cli/webhook-certs-main.ts')
const SECRET = `/api/v1/namespaces/${WEBHOOK.namespace}/secrets/${WEBHOOK.secret}`
const JOB = 'assay-webhook-certs'

let world: WebhookWorld

async function job(cluster: Cluster): Promise<string> {
  const account = await cluster.serviceAccountKubeconfig(WEBHOOK.namespace, JOB)
  const flags = ['--settle=0', `--kubeconfig=${cluster.kubeconfigFile(account)}`]
  const child = spawn(process.execPath, [...process.execArgv, main, ...flags], { cwd: root })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => said.push(`${text}`))
  const [code] = await once(child, 'close')
  equal(code, 0, said.join(''))
  return said.join('')
}

async function files(cluster: Cluster): Promise<Record<string, string>> {
  const { data } = await cluster.api.must('GET', SECRET)
  const text = ([name, value]: [string, unknown]) =>
    [name, Buffer.from(String(value), 'base64').toString()] as const
  return Object.fromEntries(Object.entries(data).map(text as never))
}

export const webhookCerts = kubeSuite('the certificate job of the webhook', {
  'the job makes what the webhook serves with, and is trusted': async (cluster) => {
    world = await WebhookWorld.install(cluster)
    await job(cluster)
    await cluster.settled('MutatingWebhookConfiguration')
    await world.kill()
    world.write(await files(cluster))
    await world.start(2)
    const { status, body } = await world.try(leasePod('a', 'cpu'))
    equal(status, 201, body.message)
  },

  'when nothing is due, it changes nothing': async (cluster) => {
    const before = await cluster.api.must('GET', SECRET)
    await job(cluster)
    const after = await cluster.api.must('GET', SECRET)
    equal(after.metadata.resourceVersion, before.metadata.resourceVersion)
  },

  'applying the manifests again takes no CA away': async () => {
    await world.restoreConfiguration()
    equal((await world.try(leasePod('a', 'cpu'))).status, 201)
  },

  'neither it nor the webhook may do anything else': async (cluster) => {
    const status = async (account: string, at: string) => {
      const api = new Api(await cluster.serviceAccountKubeconfig(WEBHOOK.namespace, account))
      const answer = await api.request('GET', at)
      api.close()
      return answer.status
    }
    const others = [
      `/api/v1/namespaces/${WEBHOOK.namespace}/secrets`,
      '/api/v1/namespaces/lease/pods',
      '/api/v1/secrets',
      '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    ]
    for (const at of others) {
      equal(await status(JOB, at), 403, at)
      equal(await status(WEBHOOK.deployment, at), 403, at)
    }
    equal(await status(JOB, SECRET), 200)
    equal(await status(WEBHOOK.deployment, SECRET), 403)
  },

  'the kustomization in the documentation builds': (cluster) => {
    const text = readFileSync(path.join(root, 'docs/webhook.md'), 'utf8')
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? []
    const dir = mkdtempSync(path.join(tmpdir(), 'assay-kustomize-'))
    const up = path.relative(dir, path.join(root, 'deploy'))
    writeFileSync(path.join(dir, 'kustomization.yaml'), yaml.replace('assay/deploy', up))
    const objects = cluster.kustomize(dir) as Manifest[]
    rmSync(dir, { recursive: true })
    match(only(objects, 'ConfigMap').data.sidecarImage, /@sha256/)
    const images = objects.flatMap((one) => JSON.stringify(one).match(/"image":"[^"]+"/g) ?? [])
    deepEqual([...new Set(images)], ['"image":"registry.example/assay-webhook:0.1.0"'])
  },

  'it ends': () => world.kill(),
})

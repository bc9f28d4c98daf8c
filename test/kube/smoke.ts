// SPDX-License-Identifier: Apache-2.0
// That the cluster of the tests is one: what suites build on holds.

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { Watch } from '@kubernetes/client-node'
import { Api } from './api.js'
import type { Cluster } from './cluster.js'
import { certifiedAs } from './kubeconfig.js'
import type { Manifest } from './objects.js'
import { kubeSuite } from './suite.js'
import { until } from './wait.js'

const SPACE = 'smoke'
const pods = `/api/v1/namespaces/${SPACE}/pods`
const at = (kind: string, name: string) => `/apis/apps/v1/namespaces/${SPACE}/${kind}/${name}`

const template = (name: string, image: string) => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: 'main', image }] },
})

const deployment = (name: string, image: string, replicas: number): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: SPACE },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name, image) },
})

const images = async ({ api }: Cluster, name: string): Promise<string[]> => {
  const { items } = await api.must('GET', `${pods}?labelSelector=app%3D${name}`)
  return items.flatMap(({ spec }: { spec: { containers: { image: string }[] } }) =>
    spec.containers.map(({ image }) => image),
  )
}

export const smoke = kubeSuite('the cluster of the tests', {
  'a namespace has a service account, and its CA': async (cluster) => {
    await cluster.namespace(SPACE)
    const ca = `/api/v1/namespaces/${SPACE}/configmaps/kube-root-ca.crt`
    const { data } = await until('the CA', () => cluster.api.must('GET', ca))
    equal(data['ca.crt'], cluster.caPem)
  },

  'a deployment makes its pods, and replaces them when it is updated': async (cluster) => {
    await cluster.applyObjects([deployment('web', 'one', 2)])
    await until('two pods', async () => (await images(cluster, 'web')).length === 2)
    await cluster.applyObjects([deployment('web', 'two', 2)])
    await until('a pod of the new image', async () =>
      (await images(cluster, 'web')).includes('two'),
    )
  },

  'applying twice changes nothing': async (cluster) => {
    const generation = async () =>
      (await cluster.api.must('GET', at('deployments', 'web'))).metadata.generation
    const before = await generation()
    await cluster.applyObjects([deployment('web', 'two', 2)])
    equal(await generation(), before)
  },

  'a deleted deployment takes its pods along': async (cluster) => {
    await cluster.api.must('DELETE', at('deployments', 'web'))
    await until('no pod', async () => (await images(cluster, 'web')).length === 0)
  },

  'a dry run is answered and stores nothing': async ({ api }) => {
    const pod = { metadata: { name: 'dry' }, spec: template('dry', 'one').spec }
    const answer = await api.request('POST', `${pods}?dryRun=All`, pod)
    equal(answer.status, 201)
    equal((await api.request('GET', `${pods}/dry`)).status, 404)
  },

  'an ephemeral container joins a pod': async ({ api }) => {
    await api.must('POST', pods, { metadata: { name: 'debug' }, spec: template('a', 'one').spec })
    const patch = { spec: { ephemeralContainers: [{ name: 'shell', image: 'two' }] } }
    const type = 'application/strategic-merge-patch+json'
    const { spec } = await api.must('PATCH', `${pods}/debug/ephemeralcontainers`, patch, type)
    equal(spec.ephemeralContainers[0].name, 'shell')
  },

  'a user may do what a role says, and a service account too': async (cluster) => {
    const user = new Api(cluster.userKubeconfig('somebody'))
    const account = new Api(await cluster.serviceAccountKubeconfig(SPACE, 'default'))
    const both = async () => [
      (await user.request('GET', pods)).status,
      (await account.request('GET', pods)).status,
    ]
    deepEqual(await both(), [403, 403])
    const rbac = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name: 'readers', namespace: SPACE },
    }
    const subjects = [
      { kind: 'User', name: 'somebody', apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'ServiceAccount', name: 'default', namespace: SPACE },
    ]
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]
    await cluster.applyObjects([
      { ...rbac, kind: 'Role', rules },
      { ...rbac, kind: 'RoleBinding', subjects, roleRef: { kind: 'Role', name: 'readers' } },
    ])
    deepEqual(await both(), [200, 200])
    user.close()
    account.close()
  },

  'a policy refuses what it is about, as soon as it is applied': async (cluster) => {
    const about = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: 'no.pods' } }
    const rule = {
      apiGroups: [''],
      apiVersions: ['v1'],
      operations: ['CREATE'],
      resources: ['pods'],
    }
    const validations = [{ expression: 'object.metadata.name != "bad"', message: 'a bad name' }]
    const spec = { matchConstraints: { resourceRules: [rule] }, validations }
    const binding = { policyName: 'no.pods', validationActions: ['Deny'] }
    await cluster.applyObjects([
      { ...about, kind: 'ValidatingAdmissionPolicy', spec },
      { ...about, kind: 'ValidatingAdmissionPolicyBinding', spec: binding },
    ])
    const pod = { metadata: { name: 'bad' }, spec: template('a', 'one').spec }
    const { status, body } = await cluster.api.request('POST', pods, pod)
    equal(status, 422)
    match(body.message, /a bad name/)
  },

  'a webhook of a Service is reached on loopback, and is refused without one': async (cluster) => {
    let asked = 0
    // The API server is hung up on: that it came is what counts.
    const server = createServer((socket) => {
      asked++
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const metadata = { name: 'hook', namespace: SPACE }
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { ports: [{ port: 443 }] },
    }
    const hook = {
      name: 'hook.kube.test',
      clientConfig: { service: metadata },
      rules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['secrets'] },
      ],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    }
    const configuration = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'hook' },
      webhooks: [hook],
    }
    await cluster.applyObjects([service, configuration])
    const secrets = `/api/v1/namespaces/${SPACE}/secrets`
    const create = () => cluster.api.request('POST', secrets, { metadata: { name: 'one' } })
    try {
      equal((await create()).status, 500)
      equal(asked, 0)
      cluster.endpoints(SPACE, 'hook', 443, port)
      equal((await create()).status, 500)
      ok(asked > 0)
    } finally {
      server.close()
    }
  },

  'a restarted API server has what it had': async (cluster) => {
    await cluster.stopApiServer()
    await cluster.api.request('GET', `${pods}/debug`).then(
      () => Promise.reject(new Error('it still answers')),
      () => {},
    )
    await cluster.startApiServer()
    equal((await cluster.api.request('GET', `${pods}/debug`)).status, 200)
  },

  'a watch that is cut ends': async (cluster) => {
    const ended = new Promise((resolve) => {
      new Watch(cluster.kubeconfig).watch(pods, {}, () => cluster.cutWatches(), resolve)
    })
    ok(await ended)
    equal((await cluster.api.request('GET', pods)).status, 200)
  },

  'a silent network loses nothing': async (cluster) => {
    const direct = new Api(
      certifiedAs('admin', cluster.children.dir, `https://127.0.0.1:${cluster.port}`),
    )
    const undo = cluster.front.silence()
    let answered = false
    const asked = cluster.api.request('GET', pods).then(({ status }) => {
      answered = true
      return status
    })
    equal((await direct.request('GET', pods)).status, 200)
    equal(answered, false)
    undo()
    equal(await asked, 200)
    direct.close()
  },

  'a revision from before a compaction is gone': async (cluster) => {
    const { metadata } = await cluster.api.must('GET', `${pods}/debug`)
    const exactly = `resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`
    const old = async () => (await cluster.api.request('GET', `${pods}?${exactly}`)).status
    await cluster.api.must('DELETE', `${pods}/debug`)
    // What it remembers by itself, it forgets.
    await cluster.stopApiServer()
    await cluster.startApiServer()
    equal(await old(), 200)
    await cluster.compactEtcd()
    equal(await old(), 410)
    const from = `watch=1&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`
    const { body } = await cluster.api.request('GET', `${pods}?${from}`)
    equal(body.object.code, 410)
  },
})

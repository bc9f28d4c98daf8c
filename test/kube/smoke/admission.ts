// SPDX-License-Identifier: Apache-2.0
// Requests, those who make them, and what may refuse them.

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { Api } from '../api.js'
import type { Cases } from '../suite.js'
import { until } from '../wait.js'
import { group, podSpec, pods, SPACE } from './samples.js'

export const admission: Cases = {
  'a dry run is answered and stores nothing': async ({ api }) => {
    const pod = { metadata: { name: 'dry' }, spec: podSpec('one') }
    const answer = await api.request('POST', `${pods}?dryRun=All`, pod)
    equal(answer.status, 201)
    equal((await api.request('GET', `${pods}/dry`)).status, 404)
  },

  'an ephemeral container joins a pod': async ({ api }) => {
    await api.must('POST', pods, { metadata: { name: 'debug' }, spec: podSpec('one') })
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
      ...group.rbac,
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
    const about = { ...group.admission, metadata: { name: 'no.pods' } }
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
    const pod = { metadata: { name: 'bad' }, spec: podSpec('one') }
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
      ...group.admission,
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

  'an expression that does not fit its types is named': async (cluster) => {
    const rule = {
      apiGroups: [''],
      apiVersions: ['v1'],
      operations: ['CREATE'],
      resources: ['pods'],
    }
    const validations = [{ expression: 'object.spec.nowhere == 1' }]
    const spec = { matchConstraints: { resourceRules: [rule] }, validations }
    const metadata = { name: 'typo' }
    await cluster.applyObjects([
      { ...group.admission, kind: 'ValidatingAdmissionPolicy', metadata, spec },
    ])
    const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/typo'
    const warnings = await until('its warnings', async () => {
      const { status } = await cluster.api.must('GET', path)
      return status?.typeChecking?.expressionWarnings
    })
    match(warnings[0].warning, /undefined field 'nowhere'/)
  },
}

// SPDX-License-Identifier: Apache-2.0

import path from 'node:path'
import t, { type Test } from 'tap'
import type { Code } from '../../src/errors.js'
import { type KubeOptions, kubeApi } from '../../src/webhook/certs-kube.js'
import { FakeKubeApi, failure, registration } from '../fake/kube-webhooks.js'
import { kubeconfigFile } from '../fake/kubeconfig.js'
import { type Answered, type Asked, serve } from '../fake/server.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { mintTls } from '../fake/tls.js'
import { rejectsCode } from '../helpers.js'

const tls = mintTls('127.0.0.1')

const kubeconfig = (server: string, certificate = tls.cert): string =>
  kubeconfigFile(server, certificate)

async function reached(
  t: Test,
  handler: (asked: Asked) => Promise<Answered> | Answered,
  change: Partial<KubeOptions> = {},
) {
  const server = await serve(handler, tls)
  t.teardown(() => server.close())
  const clock = new ManualClock()
  const api = await kubeApi({
    kubeconfig: kubeconfig(server.url),
    namespace: 'assay-system',
    secret: 'assay-webhook-tls',
    configuration: 'akash-attestation-sidecar-injector',
    clock,
    ...change,
  })
  return { api, clock, server }
}

t.test('certs-kube: reads and writes as the API server has it', async (t) => {
  const kube = new FakeKubeApi()
  const seen: Asked[] = []
  const { api } = await reached(t, (asked) => {
    seen.push(asked)
    return kube.handle(asked)
  })
  t.equal(await api.secret(), null)
  t.equal(await api.configuration(), null)
  const metadata = { name: 'assay-webhook-tls', namespace: 'assay-system' }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, data: { a: 'YQ==' } }
  await api.createSecret(secret, { dryRun: true })
  t.equal(kube.secret, undefined)
  await api.createSecret(secret, { dryRun: false })
  const there = await api.secret()
  t.match(there, { data: { a: 'YQ==' }, metadata: { resourceVersion: '1' } })
  const other = { ...secret, metadata: there?.metadata ?? {}, data: { a: 'Yg==' } }
  await api.replaceSecret(other, { dryRun: true })
  t.match(kube.secret, { data: { a: 'YQ==' } })
  await api.replaceSecret(other, { dryRun: false })
  t.match(kube.secret, { data: { a: 'Yg==' } })
  await rejectsCode(t, api.replaceSecret(other, { dryRun: false }), 'ERR_KUBERNETES_CONFLICT')
  await rejectsCode(t, api.createSecret(secret, { dryRun: false }), 'ERR_KUBERNETES_CONFLICT')

  kube.put(registration())
  const { metadata: { resourceVersion = '' } = {} } = (await api.configuration()) ?? {}
  const patch = [
    { op: 'replace' as const, path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'add' as const, path: '/webhooks/0/clientConfig/caBundle', value: 'YQ==' },
  ]
  const after = await api.patchConfiguration(patch, { dryRun: true })
  t.equal(after.webhooks?.[0]?.clientConfig.caBundle, 'YQ==')
  t.equal(kube.configuration?.webhooks?.[0]?.clientConfig.caBundle, undefined)
  await api.patchConfiguration(patch, { dryRun: false })
  t.equal(kube.configuration?.webhooks?.[0]?.clientConfig.caBundle, 'YQ==')
  await rejectsCode(t, api.patchConfiguration(patch, { dryRun: false }), 'ERR_KUBERNETES_CONFLICT')
  t.equal(seen.at(-1)?.headers['content-type'], 'application/json-patch+json')
  t.equal(seen.at(-1)?.headers.authorization, 'Bearer secret-token')
  t.equal(seen.at(-1)?.headers['user-agent'], 'assay-webhook-certs')
  t.match(seen.at(-1)?.path, /fieldManager=assay-webhook-certs/)
})

t.test('certs-kube: every refusal has a code, and says what to change', async (t) => {
  let answer: Answered = failure(403, 'Forbidden', 'no')
  const { api } = await reached(t, () => answer)
  const calls = {
    'get secrets': () => api.secret(),
    'create secrets': () => api.createSecret({}, { dryRun: false }),
    'update secrets': () => api.replaceSecret({}, { dryRun: false }),
    'get mutatingwebhookconfigurations': () => api.configuration(),
    'patch mutatingwebhookconfigurations': () => api.patchConfiguration([], { dryRun: false }),
  }
  for (const [permission, call] of Object.entries(calls)) {
    const [verb, resource] = permission.split(' ')
    const message = (await rejectsCode(t, call(), 'ERR_KUBERNETES_FORBIDDEN'))?.message ?? ''
    t.match(message, `resources ["${resource}"]`)
    t.match(message, `verbs ["${verb}"]`)
    t.equal(message.includes('resourceNames'), verb !== 'create')
    t.notMatch(message, /\n/)
  }
  const gone = failure(404, 'NotFound', 'there is none')
  const cases: [Answered, Code, keyof typeof calls][] = [
    [failure(401, 'Unauthorized', 'who'), 'ERR_KUBERNETES_FORBIDDEN', 'get secrets'],
    [gone, 'ERR_KUBERNETES_CONFLICT', 'update secrets'],
    [gone, 'ERR_KUBERNETES_CONFLICT', 'patch mutatingwebhookconfigurations'],
    [gone, 'ERR_KUBERNETES_REFUSED', 'create secrets'],
    [failure(422, 'Invalid', 'it is\nimmutable'), 'ERR_KUBERNETES_REFUSED', 'update secrets'],
    [
      { status: 404, headers: {}, body: '404 page not found' },
      'ERR_KUBERNETES_REFUSED',
      'get secrets',
    ],
    [{ status: 404, headers: {}, body: '' }, 'ERR_KUBERNETES_REFUSED', 'get secrets'],
    [failure(429, 'TooManyRequests', 'slow'), 'ERR_KUBERNETES_UNAVAILABLE', 'get secrets'],
    [failure(500, 'InternalError', 'oops'), 'ERR_KUBERNETES_UNAVAILABLE', 'get secrets'],
    [{ status: 200, headers: {}, body: '<html>' }, 'ERR_KUBERNETES_UNAVAILABLE', 'get secrets'],
  ]
  for (const [given, code, permission] of cases) {
    answer = given
    const error = await rejectsCode(t, calls[permission](), code)
    t.match(error?.message, /^[^\n]+$/)
  }
})

t.test('certs-kube: an API server that is silent, not there or another one', async (t) => {
  let asked = () => {}
  const waiting = new Promise<void>((resolve) => {
    asked = resolve
  })
  const silent = () => {
    asked()
    return new Promise<Answered>(() => {})
  }
  const { api, clock, server } = await reached(t, silent)
  const late = rejectsCode(t, api.secret(), 'ERR_KUBERNETES_UNAVAILABLE')
  await waiting
  clock.advance(10_000)
  await late
  t.equal(clock.pending, 0)

  const stranger = mintTls('127.0.0.1').cert
  const { api: wary } = await reached(t, silent, { kubeconfig: kubeconfig(server.url, stranger) })
  await rejectsCode(t, wary.secret(), 'ERR_KUBERNETES_UNAVAILABLE')
  await server.close()
  await rejectsCode(t, api.secret(), 'ERR_KUBERNETES_UNAVAILABLE')
})

t.test('certs-kube: a kubeconfig that is none', async (t) => {
  const dir = t.testdir({ broken: '{', empty: '{"clusters":[]}' })
  for (const name of ['absent', 'broken', 'empty']) {
    await rejectsCode(
      t,
      reached(t, () => failure(500, '', ''), { kubeconfig: path.join(dir, name) }),
      'ERR_KUBERNETES_CONFIG',
    )
  }
})

t.test('certs-kube: without a flag, the environment says which cluster', async (t) => {
  const kube = new FakeKubeApi()
  const server = await serve(kube.handle, tls)
  t.teardown(() => server.close())
  const { HOME, KUBECONFIG } = process.env
  t.teardown(() => Object.assign(process.env, { HOME, KUBECONFIG: KUBECONFIG ?? '' }))
  process.env.KUBECONFIG = kubeconfig(server.url)
  const { api } = await reached(t, kube.handle, { kubeconfig: undefined })
  t.equal(await api.secret(), null)
  t.equal(kube.said.length, 1)
  Object.assign(process.env, { HOME: t.testdir({}), KUBECONFIG: '' })
  await rejectsCode(t, reached(t, kube.handle, { kubeconfig: undefined }), 'ERR_KUBERNETES_CONFIG')
})

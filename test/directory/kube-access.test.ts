// SPDX-License-Identifier: Apache-2.0

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { insideCluster, MOUNT, withKubeconfig } from '../../src/directory/kube-access.js'
import { KubeApi } from '../../src/directory/kube-api.js'
import { systemClock } from '../../src/service/system-clock.js'
import { FakeKubeApi } from '../fake/kube-api.js'
import { throwsCode } from '../helpers.js'
import { namespaceOf, PATHS } from './kube-objects.js'

const ENV = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }

t.test('access: as a Pod, with the token as it is now', async (t) => {
  const mount = t.testdir({ 'ca.crt': 'CA', token: 'first\n' })
  const access = insideCluster(ENV, mount)
  t.equal(access.url.href, 'https://10.0.0.1/')
  t.same(await access.options(), { ca: 'CA', headers: { authorization: 'Bearer first' } })
  writeFileSync(path.join(mount, 'token'), 'second')
  t.same(await access.options(), { ca: 'CA', headers: { authorization: 'Bearer second' } })
  const six = insideCluster({ ...ENV, KUBERNETES_SERVICE_HOST: 'fd00::1' })
  t.equal(six.url.href, 'https://[fd00::1]/')
  t.equal(MOUNT, '/var/run/secrets/kubernetes.io/serviceaccount')
})

t.test('access: outside of a cluster there must be a kubeconfig', async (t) => {
  throwsCode(t, () => insideCluster({}), 'ERR_ARGUMENT')
  throwsCode(t, () => insideCluster({ KUBERNETES_SERVICE_HOST: 'x' }), 'ERR_ARGUMENT')
})

const kubeconfig = (server: string, more = '') => `
apiVersion: v1
kind: Config
current-context: here
contexts: [{ name: here, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: '${server}', insecure-skip-tls-verify: true } }]
users: [{ name: u, user: { token: secret } }]
${more}`

t.test('access: with a kubeconfig, a path below which the API server is included', async (t) => {
  const api = await FakeKubeApi.start()
  t.teardown(() => api.close())
  api.put(`/proxy${PATHS.namespaces}`, namespaceOf('ns'))
  const file = path.join(
    t.testdir({ config: kubeconfig(new URL('/proxy/', api.url).href) }),
    'config',
  )
  const client = new KubeApi(await withKubeconfig(file), systemClock)
  const { signal } = new AbortController()
  const answer = await client.json(PATHS.namespaces, { limit: '5' }, signal)
  t.equal((answer as { items: unknown[] }).items.length, 1)
  t.equal(api.headers[0]?.authorization, 'Bearer secret')
  t.equal(api.headers[0]?.accept, 'application/json')
  client.close()
})

t.test('access: refuses what is no kubeconfig', async (t) => {
  const dir = t.testdir({
    none: 'contexts: []',
    bad: kubeconfig('nowhere'),
    broken: '{',
  })
  for (const name of ['missing', 'none', 'bad', 'broken']) {
    await t.rejects(withKubeconfig(path.join(dir, name)), { code: 'ERR_ARGUMENT' }, name)
  }
})

t.test('access: speaks TLS where the URL says so', async (t) => {
  const api = await FakeKubeApi.start()
  t.teardown(() => api.close())
  const url = new URL(api.url.href.replace('http:', 'https:'))
  const client = new KubeApi({ url, options: async () => ({}) }, systemClock)
  const { signal } = new AbortController()
  await t.rejects(client.json(PATHS.namespaces, {}, signal), { code: 'EPROTO' })
  client.close()
})

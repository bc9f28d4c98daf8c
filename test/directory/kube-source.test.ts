// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { FakeKubeApi } from '../fake/kube-api.js'
import {
  configMapOf,
  ingressOf,
  namespaceOf,
  OWNER,
  PATHS,
  podOf,
  serviceOf,
} from './kube-objects.js'
import { KubeWorld, SILENCE_MS, until } from './kube-world.js'

const LEASE = `${OWNER}/1/1/1`

function oneLease(api: FakeKubeApi): void {
  api.put(PATHS.namespaces, namespaceOf('ns'))
  api.put(PATHS.pods, podOf('ns', 'web-0'))
  api.put(PATHS.services, serviceOf('ns', 'web-np', { nodePort: 30_001 }))
  api.put(PATHS.ingresses, ingressOf('ns', 'web.example.com', { service: 'web-np' }))
}

const open = async (
  test: Pick<typeof t, 'teardown'>,
  fill?: (api: FakeKubeApi) => void,
): Promise<KubeWorld> => {
  const world = await KubeWorld.started(fill)
  test.teardown(() => world.close())
  return world
}

t.test('kube: starts with all there is', async (t) => {
  const { api, source, state, ...world } = await open(t, oneLease)
  t.ok(source.connected)
  t.same(
    JSON.parse(state.lease(LEASE)?.text ?? '').endpoints.map(({ url }: { url: string }) => url),
    [
      'https://nodes.example.com:30001',
      'https://web.example.com',
      'https://provider.example.com:8443/lease/1/1/1/attestation/quote?service=web&podIndex=0',
    ],
  )
  t.ok(api.requests.every((line) => line.startsWith('GET ')))
  t.same(
    [...new Set(api.requests.map((line) => line.split(/[ ?]/)[1]))].sort(),
    Object.values(PATHS).sort(),
    'and reads nothing else',
  )
  t.ok(
    api.requests.every((line) => /labelSelector=akash|fieldSelector=metadata.name/.test(line)),
    'nor anything of anybody else',
  )
  t.equal(world.lines.length, 5)
})

t.test('kube: reads a long list a page at a time, as of one moment', async (t) => {
  const world = await open(t, (api) => {
    oneLease(api)
    for (let at = 0; at < 250; at++) api.put(PATHS.pods, podOf('ns', `web-a${at}`))
    api.paging = () => {
      api.put(PATHS.pods, podOf('ns', 'web-late'))
      api.remove(PATHS.pods, { namespace: 'ns', name: 'web-a0' })
    }
  })
  const lists = world.api.requests.filter((line) => /pods\?.*limit=/.test(line))
  t.equal(lists.length, 3)
  await world.converged()
  t.equal(world.state.counts.endpoints, 251 * 3)
})

t.test('kube: starts over where the moment of a list is forgotten', async (t) => {
  const world = await open(t, (api) => {
    oneLease(api)
    for (let at = 0; at < 250; at++) api.put(PATHS.pods, podOf('ns', `web-a${at}`))
    let times = 0
    api.paging = () => {
      if (++times <= 2) api.compact()
    }
  })
  const limits = world.api.requests.map((line) => /pods\?.*limit=(\d+)/.exec(line)?.[1])
  t.same([...new Set(limits.filter(Boolean))], ['100', '200', '400'], 'with larger pages')
  await world.converged()
})

t.test('kube: follows changes', async (t) => {
  const world = await open(t, oneLease)
  const { api } = world
  api.put(PATHS.pods, podOf('ns', 'web-1'))
  api.put(PATHS.namespaces, namespaceOf('two', { dseq: '2' }))
  api.put(PATHS.pods, podOf('two', 'api-0', { service: 'api' }))
  await world.converged()
  t.equal(world.state.counts.leases, 2)
  api.put(PATHS.pods, podOf('ns', 'web-1', { ready: false, started: false }))
  api.remove(PATHS.services, { namespace: 'ns', name: 'web-np' })
  api.remove(PATHS.ingresses, { namespace: 'ns', name: 'web.example.com' })
  await world.converged()
  t.equal(world.lease(LEASE)?.endpoints.length, 1)
  api.remove(PATHS.namespaces, { name: 'two' })
  api.remove(PATHS.pods, { namespace: 'ns', name: 'web-0' })
  api.remove(PATHS.pods, { namespace: 'ns', name: 'web-1' })
  await world.converged()
  t.equal(world.state.counts.leases, 0)
  const unmanaged = podOf('ns', 'web-2')
  api.put(PATHS.pods, podOf('ns', 'web-2'))
  await world.converged()
  api.put(PATHS.pods, { ...unmanaged, metadata: { name: 'web-2', namespace: 'ns' } })
  await world.converged()
  t.equal(world.state.counts.leases, 0, 'a Pod that is the provider’s no more')
})

t.test('kube: changes of one turn are one change of the lease', async (t) => {
  const world = await open(t, oneLease)
  let changes = 0
  world.state.onChange(() => changes++)
  for (let at = 1; at <= 20; at++) world.api.put(PATHS.pods, podOf('ns', `web-${at}`))
  await world.converged()
  t.ok(changes < 10, `${changes} changes`)
})

t.test('kube: goes on from the last version after a cut, and is cut off until then', async (t) => {
  const world = await open(t, oneLease)
  const { api, source } = world
  api.bookmark()
  api.down = true
  api.cut()
  await until(() => !source.connected, 'cut off')
  t.ok(world.lease(LEASE), 'what is known stays')
  api.put(PATHS.pods, podOf('ns', 'web-1'))
  api.remove(PATHS.services, { namespace: 'ns', name: 'web-np' })
  const { length } = api.requests
  api.down = false
  await world.converged()
  const since = api.requests.slice(length)
  t.notOk(
    since.some((line) => /limit=100/.test(line)),
    'without a list',
  )
  t.ok(world.lines.some(({ msg }) => msg.startsWith('cut off from the API server: ')))
})

t.test('kube: a cut in the middle of an event loses nothing', async (t) => {
  const world = await open(t, oneLease)
  const { api } = world
  const half = JSON.stringify({ type: 'DELETED', object: podOf('ns', 'web-0') }).slice(0, 99)
  api.cut(half)
  api.put(PATHS.pods, podOf('ns', 'web-1'))
  await world.converged()
  t.equal(world.lease(LEASE)?.endpoints.length, 6)
})

for (const gone of ['status', 'event'] as const) {
  t.test(`kube: lists again when its version is forgotten, said by ${gone}`, async (t) => {
    const world = await open(t, oneLease)
    const { api } = world
    api.gone = gone
    api.put(PATHS.namespaces, namespaceOf('two', { dseq: '2' }))
    api.put(PATHS.pods, podOf('two', 'x-0'))
    await world.converged()
    api.down = true
    api.cut()
    await until(() => !world.source.connected, 'cut off')
    // Neither a miss nor a ghost: one of each kind comes and goes meanwhile.
    api.remove(PATHS.namespaces, { name: 'two' })
    api.remove(PATHS.pods, { namespace: 'ns', name: 'web-0' })
    api.remove(PATHS.services, { namespace: 'ns', name: 'web-np' })
    api.remove(PATHS.ingresses, { namespace: 'ns', name: 'web.example.com' })
    api.put(PATHS.namespaces, namespaceOf('three', { dseq: '3' }))
    api.put(PATHS.pods, podOf('ns', 'web-1'))
    api.put(PATHS.pods, podOf('three', 'web-1'))
    api.compact()
    api.down = false
    await world.converged()
    t.same(world.state.counts.leases, 2)
    t.equal(world.state.lease(`${OWNER}/2/1/1`), undefined)
  })
}

t.test('kube: lists again when etcd is younger than what is known', async (t) => {
  const world = await open(t, oneLease)
  const { api } = world
  const past = Object.fromEntries(
    Object.values(PATHS).map((path) => [path, [...api.objects(path)]]),
  )
  const { version } = api
  for (let at = 1; at < 5; at++) api.put(PATHS.pods, podOf('ns', `web-${at}`))
  await world.converged()
  api.cut()
  api.restore(past, version)
  await world.converged()
  t.equal(world.state.counts.endpoints, 3, 'the ghosts of the future are gone')
})

t.test('kube: waits as long as the API server asks', async (t) => {
  const world = await KubeWorld.open()
  t.teardown(() => world.close())
  oneLease(world.api)
  const busy = { status: 429, headers: { 'retry-after': '7' }, path: '/pods' }
  const late = { status: 429, headers: { 'retry-after': '3600' }, path: '/pods' }
  const other = { status: 429, headers: { 'retry-after': 'soon' }, path: '/pods' }
  world.api.answers.push(
    { ...busy, of: 'list' },
    { ...other, of: 'list' },
    { ...busy, of: 'watch' },
  )
  await world.source.start(world.state)
  await until(() => world.source.connected, 'connected')
  t.equal(world.clock.delays.filter((ms) => ms === 7_000).length, 2)
  t.equal(world.api.requests.filter((line) => /pods\?.*limit=100/.test(line)).length, 3)
  world.api.answers.push({ ...late, of: 'watch' })
  world.api.cut()
  await until(() => world.api.answers.length === 0, 'asked')
  world.clock.ring(60_000)
  await world.converged()
})

t.test('kube: says what it may not read, once, and goes on asking', async (t) => {
  const world = await KubeWorld.open()
  t.teardown(() => world.close())
  oneLease(world.api)
  const message = 'pods is forbidden: User "x" cannot list resource "pods"'
  const forbidden = { status: 403, path: '/pods', body: JSON.stringify({ message }) }
  world.api.answers.push(forbidden, forbidden, forbidden)
  await world.source.start(world.state)
  await until(() => world.source.connected, 'connected')
  const lines = world.lines.filter(({ status }) => status === 403)
  t.equal(lines.length, 1)
  t.equal(lines[0]?.msg, `cut off from the API server: ${message}`)
  t.same(
    [...new Set(world.clock.delays)].slice(0, 3),
    [150, 300, 600],
    'later and later, by a part that is chance',
  )
})

t.test('kube: takes refusals of whatever stands in front for what they are', async (t) => {
  const world = await open(t, oneLease)
  const body = `<h1>Bad Gateway</h1>${'x'.repeat(500)}\nnext line`
  world.api.answers.push({ status: 502, body, path: '/pods' })
  world.api.answers.push({ status: 500, body: '{"message":5}', path: '/services' })
  world.api.cut()
  await until(() => world.api.answers.length === 0, 'asked')
  await world.converged()
  const line = world.lines.find(({ status }) => status === 502)
  t.equal(line?.msg.length, 'cut off from the API server: '.length + 200)
  t.ok(world.lines.some(({ status }) => status === 500))
})

t.test('kube: a watch that says nothing is asked for anew', async (t) => {
  const world = await open(t, oneLease)
  const { api } = world
  api.hanging = true
  api.put(PATHS.pods, podOf('ns', 'web-1'))
  api.remove(PATHS.services, { namespace: 'ns', name: 'web-np' })
  world.clock.ring(SILENCE_MS)
  await world.converged()
  t.ok(world.source.connected)
  t.notOk(
    world.lines.some(({ level }) => level === 'warn'),
    'which is nothing to worry about',
  )
})

t.test('kube: an API server that does not answer is one that is not there', async (t) => {
  const world = await open(t, oneLease)
  const { api } = world
  api.mute = true
  api.cut()
  const asked = api.requests.length + 5
  await until(() => api.requests.length >= asked, 'asked')
  world.clock.ring(30_000)
  await until(() => world.lines.some(({ msg }) => /does not answer/.test(msg)), 'said')
  t.notOk(world.source.connected)
  api.mute = false
  api.cut()
  await world.converged()
})

t.test('kube: an API server that does not end its answer is one that is not there', async (t) => {
  const world = await open(t, oneLease)
  const { api } = world
  const endless = { status: 200, headers: { 'content-length': '99' }, body: '{' } as const
  api.answers.push({ ...endless, of: 'list', path: '/pods', unended: true })
  api.cut()
  await until(() => api.answers.length === 0, 'asked')
  let turn = 0
  await until(() => {
    if (++turn % 200 === 0) world.clock.ring(60_000)
    return world.lines.some(({ msg }) => /does not end/.test(msg))
  }, 'said')
  await world.converged()
})

t.test('kube: watches that end in order are followed by others', async (t) => {
  const world = await open(t, oneLease)
  const { api } = world
  for (let times = 0; times < 3; times++) {
    api.end()
    api.put(PATHS.pods, podOf('ns', `web-1${times}`))
    await world.converged()
  }
  t.notOk(world.lines.some(({ level }) => level === 'warn'))
  api.bookmark()
  api.end()
  api.put(PATHS.pods, podOf('ns', 'web-2'))
  await world.converged()
})

t.test('kube: what cannot be read was missed, and is listed', async (t) => {
  const world = await open(t, oneLease)
  const { api } = world
  const broken = [
    '{"type":"MODIFIED",',
    '{"type":"MODIFIED"}',
    '{"type":"RENAMED","object":{"metadata":{"resourceVersion":"1"}}}',
    '{"type":"ERROR"}',
    '{"type":"ERROR","object":{"code":500,"message":"storage is (re)initializing"}}',
    'null',
  ]
  for (const line of broken) {
    const { length } = api.requests
    api.say(line)
    await until(
      () => api.requests.slice(length).some((one) => /pods\?.*limit=100/.test(one)),
      `a list after ${line}`,
    )
    await world.converged()
  }
  api.say('')
  api.bookmark()
  api.say(`{"type":"MODIFIED","object":"${'x'.repeat(0x1000000)}"}`)
  await until(() => world.lines.some(({ msg }) => /too long/.test(msg)), 'said')
  await world.converged()
})

t.test('kube: a list that is none is asked for again', async (t) => {
  const world = await KubeWorld.open()
  t.teardown(() => world.close())
  oneLease(world.api)
  for (const body of ['{', 'null', '{}', '{"metadata":{"resourceVersion":""}}']) {
    world.api.answers.push({ status: 200, body, path: '/pods', of: 'list' })
  }
  const empty = '{"items":null,"metadata":{"resourceVersion":"abc"}}'
  world.api.answers.push({ status: 200, body: empty, path: '/ingresses', of: 'list' })
  await world.source.start(world.state)
  await until(() => world.source.connected, 'connected')
  t.ok(world.lines.some(({ msg }) => /is not JSON/.test(msg)))
  t.ok(world.lines.some(({ msg }) => /is no list/.test(msg)))
})

t.test('kube: an answer that is too long is not kept', async (t) => {
  const world = await open(t, oneLease)
  world.api.answers.push({ status: 500, body: 'x'.repeat(0x10001), path: '/pods' })
  world.api.cut()
  await until(() => world.lines.some(({ msg }) => /answer .* is too long/.test(msg)), 'said')
  await world.converged()
})

t.test('kube: of two namespaces that claim a lease, the first by name is believed', async (t) => {
  const world = await open(t, (api) => {
    api.put(PATHS.namespaces, namespaceOf('b'))
    api.put(PATHS.pods, podOf('b', 'from-b'))
  })
  const { api } = world
  const replica = () => world.lease(LEASE)?.endpoints[0]?.replica
  t.equal(replica(), 'from-b')
  api.put(PATHS.namespaces, namespaceOf('a'))
  api.put(PATHS.pods, podOf('a', 'from-a'))
  await world.converged()
  t.equal(replica(), 'from-a')
  api.put(PATHS.pods, podOf('b', 'from-b2'))
  await world.converged()
  t.equal(replica(), 'from-a')
  api.put(PATHS.namespaces, namespaceOf('a', { dseq: '2' }))
  await world.converged()
  t.equal(replica(), 'from-b')
  t.equal(world.state.counts.leases, 2)
  api.put(PATHS.namespaces, namespaceOf('a'))
  await world.converged()
  api.remove(PATHS.pods, { namespace: 'a', name: 'from-a' })
  api.remove(PATHS.pods, { namespace: 'b', name: 'from-b' })
  api.remove(PATHS.pods, { namespace: 'b', name: 'from-b2' })
  await world.converged()
  t.equal(world.state.counts.leases, 0)
})

t.test('kube: passes over a namespace that names no lease', async (t) => {
  const world = await open(t, (api) => {
    oneLease(api)
    api.put(PATHS.namespaces, namespaceOf('bad', { dseq: '0' }))
    api.put(PATHS.pods, podOf('bad', 'x-0'))
    const { labels: _, ...metadata } = namespaceOf('own').metadata
    api.put(PATHS.namespaces, { metadata: { ...metadata, labels: { 'akash.network': 'true' } } })
  })
  t.equal(world.state.counts.leases, 1)
  t.same(
    world.lines.filter(({ namespace }) => namespace).map(({ namespace }) => namespace),
    ['bad'],
  )
  world.api.put(PATHS.namespaces, namespaceOf('ns', { dseq: 'x' }))
  await world.converged()
  t.equal(world.state.counts.leases, 0, 'also when it did before')
  world.api.remove(PATHS.namespaces, { name: 'own' })
  world.api.put(PATHS.namespaces, namespaceOf('ns'))
  await world.converged()
  t.equal(world.state.counts.leases, 1)
})

t.test('kube: expectations from the ConfigMap, and from no other', async (t) => {
  const world = await open(t, (api) => {
    oneLease(api)
    api.put(PATHS.configMaps, configMapOf({ 'service.web.json': '{}' }, 'other'))
  })
  t.equal(world.state.counts.expectations, 0)
  t.notOk(world.lines.some(({ level }) => level === 'error'))
})

t.test('kube: is closed before it has begun to know anything', async (t) => {
  const world = await KubeWorld.open()
  world.api.mute = true
  const started = world.source.start(world.state)
  await until(() => world.api.requests.length > 0, 'asked')
  await world.source.close()
  await started
  t.notOk(world.source.connected)
  await world.api.close()
})

t.test('kube: is closed between attempts, and says nothing afterwards', async (t) => {
  const world = await KubeWorld.open()
  oneLease(world.api)
  world.api.answers.push({ status: 429, headers: { 'retry-after': '60' }, path: '/pods' })
  const started = world.source.start(world.state)
  await until(() => world.api.answers.length === 0 && world.api.watching === 4, 'waiting')
  await world.source.close()
  await started
  t.equal(world.state.counts.leases, 0)
  await world.api.close()
})

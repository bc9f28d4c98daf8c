// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { expectationsDigest } from '../../src/discovery/expectations.js'
import { expectations } from '../fake/akash.js'
import type { FakeKubeApi } from '../fake/kube-api.js'
import { configMapOf, namespaceOf, OWNER, PATHS, podOf } from './kube-objects.js'
import { KubeWorld, until } from './kube-world.js'

const document = (name: string): string => JSON.stringify(expectations({ name }))
const digestOf = (text: string): string => expectationsDigest(new TextEncoder().encode(text))
const load = (api: FakeKubeApi, data: Record<string, string>) =>
  api.put(PATHS.configMaps, configMapOf(data))

async function open(data: Record<string, string> | null): Promise<KubeWorld> {
  const world = await KubeWorld.started((api) => {
    api.put(PATHS.namespaces, namespaceOf('ns'))
    api.put(PATHS.pods, podOf('ns', 'web-0'))
    if (data) load(api, data)
  })
  t.teardown(() => world.close())
  return world
}

const said = (world: KubeWorld): readonly string[] | undefined =>
  world.lease(`${OWNER}/1/1/1`)?.endpoints[0]?.expectations
const saying = (world: KubeWorld, texts: readonly string[]): Promise<void> =>
  until(() => {
    const wanted = texts.map(digestOf).sort()
    return said(world)?.join() === wanted.join()
  }, `expectations ${texts.length}`)

t.test('kube expectations: by service, by RuntimeClass, and in several versions', async (t) => {
  const [a, b, c] = [document('a'), document('b'), document('c')]
  const world = await open({
    'service.web.json': a,
    'runtime-class.kata-qemu-snp.2026-11.json': b,
    'runtime-class.kata-qemu-tdx.json': c,
  })
  t.same(said(world), [digestOf(a), digestOf(b)].sort())
  t.equal(world.state.counts.expectations, 3)
  t.same(world.state.expectations(digestOf(a))?.bytes.toString(), a, 'the very bytes')
  load(world.api, { 'runtime-class.kata-qemu-snp.2026-12.json': c })
  await saying(world, [c])
  t.equal(world.state.counts.expectations, 1)
})

t.test('kube expectations: a bad one is refused, and the last good one stays', async (t) => {
  const [a, b] = [document('a'), document('b')]
  const world = await open({ 'service.web.json': a, 'service.api.json': b })
  load(world.api, { 'service.web.json': '{}', 'service.api.json': a, 'x.json': '{', notes: 'x' })
  await until(() => world.lines.filter(({ level }) => level === 'error').length === 3, 'refused')
  t.same(said(world), [digestOf(a)])
  const lines = world.lines.filter(({ level }) => level === 'error')
  t.match(lines, [
    { key: 'service.web.json', code: 'ERR_EXPECTATIONS', msg: /the last good one stays/ },
    { key: 'x.json', code: 'ERR_EXPECTATIONS', msg: /there is none of this name/ },
    { key: 'notes', code: 'ERR_EXPECTATIONS' },
  ])
  load(world.api, { 'service.web.json': b })
  await saying(world, [b])
})

t.test('kube expectations: go with their ConfigMap, watched or not', async (t) => {
  const a = document('a')
  const world = await open({ 'service.web.json': a })
  const { api } = world
  api.remove(PATHS.configMaps, {
    namespace: 'assay-system',
    name: 'assay-directory-expectations',
  })
  await saying(world, [])
  load(api, { 'service.web.json': a })
  await saying(world, [a])
  api.down = true
  api.cut()
  await until(() => !world.source.connected, 'cut off')
  api.remove(PATHS.configMaps, {
    namespace: 'assay-system',
    name: 'assay-directory-expectations',
  })
  api.compact()
  api.down = false
  await saying(world, [])
  t.equal(world.state.counts.expectations, 0)
  const { data: _, ...empty } = configMapOf({})
  api.put(PATHS.configMaps, empty)
  await until(() => world.source.connected, 'connected')
})

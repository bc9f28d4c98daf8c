// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { cacheStorageStore, memoryStore } from '../../src/verify/store.js'
import { FakeCaches } from '../fake/caches.js'
import { hex } from '../helpers.js'

const entry = (fill: number) => ({ bytes: new Uint8Array(4).fill(fill), fetchedAt: 1000 + fill })

t.test('memory store: keeps copies, and forgets the oldest', async (t) => {
  const store = memoryStore(2)
  t.equal(await store.get('a'), null)
  const given = entry(1)
  await store.put('a', given)
  given.bytes.fill(9)
  t.same(await store.get('a'), entry(1))
  ;(await store.get('a'))?.bytes.fill(9)
  t.same(await store.get('a'), entry(1))
  await store.put('b', entry(2))
  await store.put('a', entry(3))
  await store.put('c', entry(4))
  t.equal(await store.get('b'), null, 'written longest ago')
  t.same(await store.get('a'), entry(3))
  const roomy = memoryStore()
  for (let at = 0; at < 256; at++) await roomy.put(String(at), entry(0))
  t.ok(await roomy.get('0'))
  await roomy.put('256', entry(0))
  t.equal(await roomy.get('0'), null)
})

t.test('cache storage store: exact keys, bytes and times', async (t) => {
  const caches = new FakeCaches()
  const store = cacheStorageStore(caches)
  const keys = [
    'kds/v1/a',
    'kds/v1/A',
    'kds/v1/a?b',
    'kds/v1/a#b',
    'kds/v1/a/../b',
    'kds/v1/%61',
    'ü ',
  ]
  for (const [at, key] of keys.entries()) await store.put(key, entry(at))
  for (const [at, key] of keys.entries()) t.same(await store.get(key), entry(at), key)
  t.equal(await store.get('kds/v1/b'), null)
  t.same(await caches.keys(), ['assay-endorsements-v1'])
  await store.put('kds/v1/a', entry(9))
  t.same(await store.get('kds/v1/a'), entry(9), 'the later one')
  t.equal(await cacheStorageStore(caches, 'another').get('kds/v1/a'), null)
  await caches.set('assay-endorsements-v1', 'https://assay.invalid/foreign', new Response('x'))
  t.same(hex((await store.get('foreign'))?.bytes as Uint8Array), '78')
  t.equal((await store.get('foreign'))?.fetchedAt, 0, 'an entry without a time is old')
})

t.test('cache storage store: reading never fails, writing may', async (t) => {
  const refusing = { open: () => Promise.reject(new DOMException('no', 'SecurityError')) }
  const store = cacheStorageStore(refusing as unknown as CacheStorage)
  t.equal(await store.get('a'), null)
  await t.rejects(store.put('a', entry(1)), { name: 'SecurityError' })
})

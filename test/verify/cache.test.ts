// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { ContentCache, contentKey, remember } from '../../src/verify/cache.js'

t.test('cache: the same content is made once, other content apart', async (t) => {
  const cache = new ContentCache<{ n: number }>(4)
  let made = 0
  const make = () => ({ n: ++made })
  const first = cache.get(Uint8Array.of(1, 2), make)
  t.equal(cache.get(Uint8Array.of(1, 2), make), first)
  t.not(cache.get(Uint8Array.of(2, 1), make), first)
  t.equal(made, 2)
})

t.test('cache: the oldest entry goes when it is full', async (t) => {
  const cache = new ContentCache<{ n: number }>(2)
  let made = 0
  const get = (byte: number) => cache.get(Uint8Array.of(byte), () => ({ n: ++made }))
  get(1)
  get(2)
  get(3)
  t.equal(get(2).n, 2, 'the second is still there')
  t.equal(get(1).n, 4, 'the first was forgotten')
})

t.test('cache: content that is the same at a glance is not the same', async (t) => {
  const cache = new ContentCache<{ first: number }>(2)
  const content = (first: number) => Uint8Array.from({ length: 1300 }, (_, at) => (at ? 5 : first))
  const get = (first: number) => cache.get(content(first), () => ({ first }))
  for (const first of [1, 2, 1, 1, 2, 2, 3]) t.equal(get(first).first, first)
  const kept = get(3)
  const long = cache.get(new Uint8Array(1301), () => ({ first: 0 }))
  t.equal(get(3), kept, 'of those that look alike one is kept, beside others')
  t.equal(
    cache.get(new Uint8Array(1301), () => ({ first: 9 })),
    long,
  )
})

t.test('cache: what a caller writes into its buffer later is other content', async (t) => {
  const cache = new ContentCache<{ first: number | undefined }>(4)
  const get = (content: Uint8Array) => cache.get(content, () => ({ first: content[0] }))
  const reused = Buffer.alloc(1300)
  for (const first of [1, 2]) {
    reused[0] = first
    t.equal(get(reused).first, first)
  }
})

t.test('cache: content is compared whole, wherever it lies in memory', async (t) => {
  const memory = Uint8Array.from({ length: 1303 }, (_, at) => at * 7)
  const length = 1299
  for (const offset of [0, 1, 2, 4]) {
    const cache = new ContentCache<object>(1)
    const content = memory.slice(0, length)
    const kept = cache.get(content, () => ({}))
    const elsewhere = new Uint8Array(1400).subarray(offset, offset + length)
    elsewhere.set(content)
    t.equal(
      cache.get(elsewhere, () => ({})),
      kept,
      `at ${offset}`,
    )
    for (const at of [0, 3, 4, 700, 1295, 1296, 1298]) {
      elsewhere.set(content)
      elsewhere[at] = (content[at] as number) ^ 0x80
      t.not(
        cache.get(elsewhere, () => ({})),
        cache.get(content, () => ({})),
        `another byte ${at} at ${offset}`,
      )
    }
  }
})

t.test('cache: short content that looks like the key of long content', async (t) => {
  const cache = new ContentCache<object>(2)
  const long = cache.get(new Uint8Array(130), () => ({}))
  const short = Uint8Array.from({ length: 67 }, (_, at) => (at === 0 ? 130 : 0))
  t.not(
    cache.get(short, () => ({})),
    long,
  )
})

t.test('cache: a caller’s buffer is not what is compared', async (t) => {
  const cache = new ContentCache<{ n: number }>(2)
  const content = new Uint8Array(300)
  cache.get(content, () => ({ n: 1 }))
  content[1] = 1
  t.equal(cache.get(content, () => ({ n: 2 })).n, 2)
  t.equal(cache.get(content, () => ({ n: 3 })).n, 2)
})

t.test('cache: a make that throws leaves nothing behind', async (t) => {
  const cache = new ContentCache<{ n: number }>(2)
  const content = Uint8Array.of(7)
  t.throws(() =>
    cache.get(content, () => {
      throw new RangeError('no')
    }),
  )
  t.same(
    cache.get(content, () => ({ n: 1 })),
    { n: 1 },
  )
})

t.test('cache: a key is the content, however long', async (t) => {
  for (const length of [0, 1, 0x3fff, 0x4000, 0x4001, 0x12345]) {
    const content = Uint8Array.from({ length }, (_, at) => at * 7)
    t.same(Buffer.from(contentKey(content), 'latin1').equals(content), true, `${length} bytes`)
  }
})

t.test('cache: a promise is kept, a failed one is not', async (t) => {
  const memory = new WeakMap<object, Promise<number>>()
  const subject = {}
  let started = 0
  await t.rejects(
    remember(memory, subject, async () => {
      started++
      throw new RangeError('no')
    }),
  )
  const start = async () => ++started
  t.equal(await remember(memory, subject, start), 2)
  t.equal(await remember(memory, subject, start), 2, 'not started again')
})

// SPDX-License-Identifier: Apache-2.0
// A cache in front of the directory, of the kind that half of the web has: does it just work?

import assert from 'node:assert/strict'
import { expectationsDigest, leasePath } from '../../../src/discovery/index.js'
import { endpoint, hints, leaseId } from '../../directory/leases.js'
import { expectationsBytes, leaseHints } from '../../fake/akash.js'
import type { Suite, Verdict } from '../suite.js'
import { Cache } from './cache.js'

const LEASE = leaseId(7)
const PATH = leasePath(LEASE)
const LARGE = hints(
  LEASE,
  Array.from({ length: 20 }, (_, at) => endpoint({ replica: `web-${10 + at}` })),
)
const DOCUMENT = expectationsBytes()
const DIGEST = expectationsDigest(DOCUMENT)
const ASKED = 1000
const CLIENTS = 40
const HIT_RATIO = 0.99

type Check = (cache: Cache) => Promise<void>

/** While nothing changes, and answers are good for as long as it takes. */
const STEADY: Readonly<Record<string, Check>> = {
  'one request of a thousand reaches the directory': async (cache) => {
    const bodies = new Set<string>()
    const client = async () => {
      for (let round = 0; round < ASKED / CLIENTS; round++) bodies.add((await cache.get(PATH)).body)
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
    assert.deepEqual([...bodies], [cache.state.lease(PATH.slice('/v1/leases/'.length))?.text])
    const ratio = 1 - cache.reached.length / ASKED
    assert.ok(ratio >= HIT_RATIO, `hit ratio ${ratio}`)
    assert.equal(cache.reached.length, 1, 'they wait for each other')
  },
  'one entry is for all origins and encodings': async (cache) => {
    await cache.get(PATH)
    const before = cache.reached.length
    for (const origin of ['https://a.example.com', 'https://b.example.com']) {
      for (const encoding of ['gzip', 'br', 'identity']) {
        const answer = await cache.get(PATH, { origin, 'accept-encoding': encoding })
        assert.equal(answer.cache, 'HIT')
        assert.equal(answer.headers['access-control-allow-origin'], '*')
        assert.equal(answer.headers['content-encoding'], encoding === 'gzip' ? 'gzip' : undefined)
        assert.deepEqual(JSON.parse(answer.body), LARGE)
      }
    }
    assert.equal(cache.reached.length, before)
  },
  'what nginx compresses varies, and its weak tag is ours': async (cache) => {
    const packed = await cache.get(PATH, { 'accept-encoding': 'gzip' })
    const plain = await cache.get(PATH)
    assert.match(packed.headers.vary ?? '', /Accept-Encoding/i)
    assert.equal(packed.headers.etag, `W/${plain.headers.etag}`)
    for (const tag of [packed.headers.etag, plain.headers.etag] as string[]) {
      const known = await cache.get(PATH, { 'if-none-match': tag })
      assert.deepEqual([known.status, known.body], [304, ''])
    }
  },
  'HEAD is answered from the cache': async (cache) => {
    await cache.get(PATH)
    const head = await cache.get(PATH, {}, 'HEAD')
    assert.deepEqual([head.status, head.body, head.cache], [200, '', 'HIT'])
  },
  'expectations come once, and are the bytes they were': async (cache) => {
    const url = `/v1/expectations/${DIGEST}`
    const first = await cache.get(url)
    const second = await cache.get(url)
    assert.deepEqual([first.cache, second.cache], ['MISS', 'HIT'])
    assert.equal(expectationsDigest(new TextEncoder().encode(second.body)), DIGEST)
    assert.match(second.headers['cache-control'] ?? '', /immutable/)
  },
  'a page of leases is kept, and one for each cursor': async (cache) => {
    const url = `/v1/leases?owner=${LEASE.owner}`
    assert.equal((await cache.get(url)).cache, 'MISS')
    const again = await cache.get(url)
    assert.equal(again.cache, 'HIT')
    assert.equal(JSON.parse(again.body).leases.length, 1)
  },
  'refusals are not kept': async (cache) => {
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await statusAndCache(cache, `${PATH}?bust=1`), [400, 'MISS'])
    }
  },
  'changes are told as they happen': async (cache) => {
    const heard = await cache.listen('/v1/stream', 'event: lease', () => {
      cache.state.setLease(leaseHints())
    })
    assert.match(heard, /^retry: /)
  },
}

/** With answers that are good for a second. */
const CHANGING: Readonly<Record<string, Check>> = {
  'what has not changed is revalidated by 304': async (cache) => {
    await cache.get(PATH)
    cache.reached.length = 0
    await cache.until('a revalidation', async () => {
      assert.equal((await cache.get(PATH)).status, 200)
      return cache.reached.length > 0
    })
    assert.ok(cache.reached.every(({ status }) => status === 304))
  },
  'a change is seen, and never half of it': async (cache) => {
    const tags = new Map<string, string>()
    const look = async () => {
      const { body, headers } = await cache.get(PATH)
      const { etag = '' } = headers
      assert.equal(tags.get(etag) ?? body, body, 'one tag, one body')
      tags.set(etag, body)
      return JSON.parse(body)
    }
    assert.equal((await look()).endpoints.length, LARGE.endpoints.length)
    cache.state.setLease(hints(LEASE, []))
    await cache.until('the change', async () => (await look()).endpoints.length === 0)
    for (let round = 0; round < 20; round++) assert.equal((await look()).endpoints.length, 0)
    assert.equal(tags.size, 2)
  },
  'what was absent is found when it is there': async (cache) => {
    const id = leaseId(8)
    const url = leasePath(id)
    assert.deepEqual(await statusAndCache(cache, url), [404, 'MISS'])
    assert.deepEqual(await statusAndCache(cache, url), [404, 'HIT'])
    cache.state.setLease(hints(id))
    await cache.until('the lease', async () => (await cache.get(url)).status === 200)
  },
  'a source that is cut off is seen in Cache-Control, but for what nginx revalidates': async (
    cache,
  ) => {
    const marked = async (url: string) => (await cache.get(url)).headers['cache-control'] ?? ''
    const fresh = await marked(PATH)
    cache.source.connected = false
    cache.state.setLease(hints(leaseId(9)))
    assert.match(await marked(leasePath(leaseId(9))), /max-age=1, stale-while-revalidate=15,/)
    cache.reached.length = 0
    await cache.until('a revalidation', async () => {
      // nginx goes by the head of a 304, and sends on that of the answer before it.
      assert.equal(await marked(PATH), fresh)
      return cache.reached.some(({ path, status }) => path === PATH && status === 304)
    })
    cache.source.connected = true
  },
  'a directory that is gone is not noticed': async (cache) => {
    const { body } = await cache.get(PATH)
    await cache.stopDirectory()
    const seen = new Set<string>()
    await cache.until('STALE', async () => {
      const answer = await cache.get(PATH)
      assert.deepEqual([answer.status, answer.body], [200, body])
      seen.add(answer.cache)
      return seen.has('STALE')
    })
  },
  'one that comes back and knows nothing yet changes nothing': async (cache) => {
    const { body } = await cache.get(PATH)
    cache.source.ready = false
    await cache.startDirectory()
    cache.reached.length = 0
    await cache.until('503 of the directory', async () => {
      const answer = await cache.get(PATH)
      assert.deepEqual([answer.status, answer.body], [200, body])
      return cache.reached.some(({ status }) => status === 503)
    })
    cache.source.ready = true
    cache.state.setLease(LARGE)
    await cache.until('what it knows now', async () => (await cache.get(PATH)).body !== body)
  },
}

async function statusAndCache(cache: Cache, url: string): Promise<[number, string]> {
  const answer = await cache.get(url)
  return [answer.status, answer.cache]
}

async function through(
  maxAgeS: number,
  checks: Readonly<Record<string, Check>>,
): Promise<Verdict[]> {
  const cache = new Cache(maxAgeS)
  cache.state.setLease(LARGE)
  cache.state.setExpectations(new Map([[DIGEST, DOCUMENT]]))
  const verdicts: Verdict[] = []
  try {
    await cache.open()
    for (const [title, check] of Object.entries(checks)) {
      const problem = await check(cache).then(
        () => null,
        (error: Error) => error.message,
      )
      verdicts.push({ title, problem })
    }
  } finally {
    await cache.close()
  }
  return verdicts
}

export const nginxCache: Suite = {
  name: 'nginx as a cache in front of the directory',
  run: async () => [...(await through(3600, STEADY)), ...(await through(1, CHANGING))],
}

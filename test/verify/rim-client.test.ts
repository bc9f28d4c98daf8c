// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto'
import t from 'tap'
import type { Bytes } from '../../src/core/private-copy.js'
import { toBase64 } from '../../src/encoding.js'
import type { Progress } from '../../src/verify/fetcher.js'
import { createRimClient, type RimClientOptions } from '../../src/verify/rim-client.js'
import type { WantedRim } from '../../src/verify/rim-ids.js'
import { VirtualClock } from '../fake/clock.js'
import { FakeKds, fetchOf } from '../fake/kds.js'
import { digestOf, type FakeRim, mintRimSigner, RIM_AT } from '../fake/rim.js'
import { hex, rejectsCode, throwsCode } from '../helpers.js'
import { MapStore } from './kds-world.js'

const HOUR = 3_600_000
const signer = await mintRimSigner()
const wanted: WantedRim = {
  kind: 'driver',
  id: 'NV_GPU_DRIVER_GH100_580.95.05',
  what: 'driver 580.95.05 of GH100',
  products: ['GH100'],
  version: '580.95.05',
}

const answerOf = (xml: Uint8Array, more: object = {}): string =>
  JSON.stringify({
    id: wanted.id,
    rim: toBase64(xml),
    sha256: createHash('sha256').update(xml).digest('hex'),
    request_id: 'f0c5d3b4',
    rim_format: 'TCG',
    last_updated: '2026-03-14T15:09:03.011000',
    ...more,
  })

async function world(rim: FakeRim = {}) {
  const service = new FakeKds()
  const clock = new VirtualClock(RIM_AT)
  const store = new MapStore()
  const progress: Progress[] = []
  const xml = await signer.rim(rim)
  const state = { body: answerOf(xml), status: 200 }
  service.fault = () => ({ ...state })
  const client = (options: Partial<RimClientOptions> = {}) =>
    createRimClient({
      fetch: fetchOf(service, clock),
      store,
      now: clock.now,
      sleep: clock.sleep,
      roots: [signer.root],
      onProgress: (event) => progress.push(event),
      ...options,
    })
  const pass = (ms: number) => clock.sleep(ms, new AbortController().signal)
  return { service, clock, store, progress, xml, state, client, pass }
}

const first = async (documents: Promise<readonly Bytes[]>): Promise<string> =>
  hex((await documents)[0] as Bytes)

t.test('RIM client: fetched by id, checked, kept, and used again for a day', async (t) => {
  const { service, store, xml, client, pass } = await world()
  const rims = client()
  t.equal(await first(rims.rim(wanted)), hex(xml))
  t.same(service.requests, ['/v1/rim/NV_GPU_DRIVER_GH100_580.95.05'])
  t.same([...store.entries.keys()], ['rim/v1/NV_GPU_DRIVER_GH100_580.95.05'])
  await pass(HOUR * 23)
  t.equal(await first(client().rim(wanted)), hex(xml), 'by another process too')
  t.equal(service.requests.length, 1)
  await pass(HOUR)
  await rims.rim(wanted)
  t.equal(service.requests.length, 2, 'but not for longer')
})

t.test('RIM client: not a moment longer than it is told, nor than its signer lives', async (t) => {
  const { service, client, pass } = await world()
  await client({ reuseMs: HOUR * 100 }).rim(wanted)
  await client({ reuseMs: 0 }).rim(wanted)
  t.equal(service.requests.length, 2)
  await pass(HOUR * 25)
  await client({ reuseMs: HOUR * 100 }).rim(wanted)
  t.equal(service.requests.length, 3, 'its signer expired after a day')
})

t.test('RIM client: eight GPUs ask once', async (t) => {
  const { service, client } = await world()
  const rims = client()
  const all = await Promise.all(Array.from({ length: 8 }, () => rims.rim(wanted)))
  t.equal(service.requests.length, 1)
  all[0]?.[0]?.fill(0)
  t.not(all[1]?.[0]?.[0], 0, 'and each has its own copy')
})

t.test('RIM client: a mirror, and its path', async (t) => {
  const { service, client } = await world()
  await client({ baseUrl: 'http://mirror.example/nvidia/' }).rim(wanted)
  t.same(service.requests, ['/nvidia/v1/rim/NV_GPU_DRIVER_GH100_580.95.05'])
})

t.test('RIM client: offline, with and without something kept', async (t) => {
  const { xml, client } = await world()
  await rejectsCode(t, client({ fetch: null }).rim(wanted), 'ERR_ENDORSER_OFFLINE')
  await client().rim(wanted)
  t.equal(await first(client({ fetch: null }).rim(wanted)), hex(xml))
})

t.test('RIM client: what the service no longer gives is used, and said', async (t) => {
  const { state, progress, xml, client, pass } = await world()
  await client().rim(wanted)
  await pass(HOUR * 30)
  state.status = 404
  t.equal(await first(client().rim(wanted)), hex(xml))
  t.equal(progress.at(-1)?.state, 'stale')
})

t.test('RIM client: an older issue does not displace a newer one', async (t) => {
  const { state, store, progress, xml, client, pass } = await world()
  const older = await mintRimSigner({
    notBefore: Object.fromEntries([0, 1, 2, 3].map((at) => [at, new Date('2026-01-01T00:00:00Z')])),
  })
  await client().rim(wanted)
  await pass(HOUR * 25)
  state.body = answerOf(await older.rim())
  const rims = client({ roots: [signer.root, older.root] })
  t.equal(await first(rims.rim(wanted)), hex(xml))
  t.match(progress.at(-1), { state: 'stale', cause: { code: 'ERR_ENDORSER_ANSWER' } })
  const newer = await signer.rim({ measurements: [{ index: 9, alternatives: [digestOf(5)] }] })
  state.body = answerOf(newer)
  t.equal(await first(rims.rim(wanted)), hex(newer), 'one as new does')
  t.equal(store.entries.size, 1)
})

t.test('RIM client: answers that are not what was asked', async (t) => {
  const { state, store, xml, client } = await world()
  const stranger = await mintRimSigner()
  const bad: Record<string, string> = {
    'not JSON': '<html>',
    'a list': '[]',
    null: 'null',
    'no document': answerOf(xml, { rim: undefined }),
    'no digest': answerOf(xml, { sha256: undefined }),
    'another id': answerOf(xml, { id: 'NV_GPU_DRIVER_GH100_580.95.06' }),
    'another format': answerOf(xml, { rim_format: 'CORIM' }),
    'another digest': answerOf(xml, { sha256: '00'.repeat(32) }),
    'not base64': answerOf(xml, { rim: '*' }),
    'not a RIM': answerOf(new TextEncoder().encode('<a/>')),
    'an altered RIM': answerOf(
      await signer.rim({ document: (text) => text.replace('"True"', '"False"') }),
    ),
    'of another root': answerOf(await stranger.rim()),
    'for another version': answerOf(await signer.rim({ version: '580.95.06' })),
    'for another chip': answerOf(await signer.rim({ product: 'GB100' })),
  }
  for (const [name, body] of Object.entries(bad)) {
    state.body = body
    await rejectsCode(t, client().rim(wanted), 'ERR_ENDORSER_ANSWER', name)
  }
  t.equal(store.entries.size, 0, 'nothing of it was kept')
})

t.test('RIM client: refusals of the service', async (t) => {
  const { state, client } = await world()
  state.status = 404
  await rejectsCode(t, client().rim(wanted), 'ERR_ENDORSER_NOT_FOUND')
  state.status = 500
  await rejectsCode(t, client().rim(wanted), 'ERR_ENDORSER_STATUS')
  Object.assign(state, { status: 200, body: 'a'.repeat(0x60001) })
  await rejectsCode(t, client().rim(wanted), 'ERR_ENDORSER_ANSWER', 'too long')
})

t.test('RIM client: a store that gives something else is no obstacle', async (t) => {
  const { store, xml, client } = await world()
  const key = 'rim/v1/NV_GPU_DRIVER_GH100_580.95.05'
  await store.put(key, { bytes: new TextEncoder().encode('{}'), fetchedAt: RIM_AT.getTime() })
  t.equal(await first(client().rim(wanted)), hex(xml))
})

t.test('RIM client: digests in capitals, answers without a format', async (t) => {
  const { state, xml, client } = await world()
  const sha256 = createHash('sha256').update(xml).digest('hex').toUpperCase()
  state.body = answerOf(xml, { sha256, rim_format: undefined })
  t.equal(await first(client().rim(wanted)), hex(xml))
})

t.test('RIM client: options are checked before any work', async (t) => {
  const { client } = await world()
  const bad: Partial<Record<string, unknown>>[] = [
    { url: 'https://a.example' },
    { baseUrl: 'nvidia' },
    { baseUrl: 'ftp://a.example' },
    { baseUrl: 'https://a.example/?b' },
    { reuseMs: -1 },
    { requestMs: Number.NaN },
    { deadlineMs: 'soon' },
    { roots: [Uint8Array.of(1)] },
  ]
  for (const options of bad) {
    throwsCode(t, () => client(options), 'ERR_ARGUMENT', Object.keys(options)[0])
  }
})

t.test('RIM client: nothing but a way to fetch, a store and a clock is needed', async (t) => {
  const { service, clock, xml } = await world()
  const put = () => Promise.reject(new Error('full'))
  const options = {
    fetch: fetchOf(service, clock),
    store: { get: async () => null, put },
    now: clock.now,
    sleep: clock.sleep,
  }
  const rims = createRimClient({ ...options, roots: [signer.root] })
  t.equal(await first(rims.rim(wanted)), hex(xml), 'the store need not even work')
  const strict = createRimClient(options)
  await rejectsCode(t, strict.rim(wanted), 'ERR_ENDORSER_ANSWER', 'a root of the test world')
})

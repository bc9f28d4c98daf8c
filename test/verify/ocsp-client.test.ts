// SPDX-License-Identifier: Apache-2.0
// How NVIDIA's OCSP responder is asked, what is believed of its answers, and for how long.

import { createHash } from 'node:crypto'
import t from 'tap'
import { nvidiaOcsp, type OcspOptions } from '../../src/verify/ocsp-client.js'
import { VirtualClock } from '../fake/clock.js'
import { pattern } from '../fake/nvidia.js'
import { type Bytes, mintDevice } from '../fake/nvidia-device.js'
import {
  DAY,
  issuerOf,
  mintOcsp,
  NOW,
  type OcspKnobs,
  partsOf,
  readRequest,
  refusal,
} from '../fake/ocsp.js'
import { hex, rejectsCode } from '../helpers.js'
import { ALL_PASS, appraise, outcomes } from './devices.js'
import { MapStore } from './kds-world.js'

const HOUR = 3_600_000
const minted = mintDevice()

/** A responder for the device of this file, a clock and a store, and clients between them. */
async function world(knobs: () => OcspKnobs | Response = () => ({})) {
  const device = await minted
  // Minting takes real time, in which no limit may end.
  const clock = new VirtualClock(NOW, () => false)
  const store = new MapStore()
  const requests: { url: string; init: RequestInit; request: ReturnType<typeof readRequest> }[] = []
  const places = ['device', 'provisioner', 'identity'] as const
  const respond: typeof fetch = async (url, init = {}) => {
    const request = readRequest(init.body as Uint8Array)
    requests.push({ url: String(url), init, request })
    const place = places.find((_, at) =>
      Buffer.from(partsOf(device.chain[at + 1] as Bytes).serial).equals(request.serial),
    )
    if (!place) return new Response(refusal(6))
    const told = knobs()
    if (told instanceof Response) return told
    const subject = device.chain[places.indexOf(place) + 1] as Bytes
    const thisUpdate = new Date(clock.now())
    const response = await mintOcsp(subject, issuerOf(device, place), {
      nonce: request.nonce,
      thisUpdate,
      ...told,
    })
    return new Response(response)
  }
  let asked = 0
  const client = (options: Partial<OcspOptions> = {}) =>
    nvidiaOcsp({
      fetch: respond,
      store,
      now: clock.now,
      sleep: clock.sleep,
      random: (length) => pattern(length, asked++),
      ...options,
    })
  const [, , subject, issuer] = device.certificates
  if (!subject || !issuer) throw new Error('minted')
  const ask = (options: Partial<OcspOptions> = {}, at = new Date(clock.now())) =>
    client(options).status(subject, issuer, at)
  return { device, clock, store, requests, client, ask }
}

t.test('ocsp client: asks by POST for one certificate, with a nonce of its own', async (t) => {
  const { device, requests, ask, store } = await world()
  const der = await ask()
  const [{ url, init, request } = { url: '', init: {}, request: null }] = requests
  t.equal(url, 'https://ocsp.ndis.nvidia.com/')
  t.match(init, { method: 'POST', headers: { 'content-type': 'application/ocsp-request' } })
  const { subject, point } = partsOf(device.chain[3] as Bytes)
  const digest = (bytes: Uint8Array) => createHash('sha384').update(bytes).digest('hex')
  t.equal(hex(request?.nameHash.slice(2) ?? new Uint8Array()), digest(subject))
  t.equal(hex(request?.keyHash.slice(2) ?? new Uint8Array()), digest(point))
  t.same(request?.serial, partsOf(device.chain[2] as Bytes).serial)
  t.same(request?.nonce, pattern(32, 0))
  t.ok((init.body as Uint8Array).length < 256)
  t.match([...store.entries.keys()], [/^ocsp\/v1\/[0-9a-f]{96}\/2d01$/])
  await ask({ reuseMs: 0 })
  t.same(requests[1]?.request.nonce, pattern(32, 1), 'another one')
  der.fill(0)
  t.not(hex(await ask()), hex(der), 'what it gave was a copy')
})

/** Appraises the device with a client of that world. */
async function judgeWith({ device, client, clock }: Awaited<ReturnType<typeof world>>) {
  const { root, pem } = device
  return appraise(device.report(), pem, {
    roots: [root],
    at: new Date(clock.now()),
    ocspClient: client(),
  })
}

t.test(
  'ocsp client: a device is asked about three times, and once more after an hour',
  async (t) => {
    const w = await world()
    t.same(outcomes(await judgeWith(w)), { ...ALL_PASS, revocation: 'pass' })
    t.equal(w.requests.length, 3)
    w.clock.pass(HOUR - 1)
    await judgeWith(w)
    t.equal(w.requests.length, 3, 'kept')
    w.clock.pass(1)
    const later = await judgeWith(w)
    t.equal(w.requests.length, 6)
    t.same(later.revocationAsOf, new Date(NOW.getTime() + HOUR))
  },
)

t.test('ocsp client: devices at the same time share what they ask for', async (t) => {
  const w = await world()
  const client = w.client()
  const [, , subject, issuer] = w.device.certificates
  const ask = () => client.status(subject as never, issuer as never, NOW)
  await Promise.all([ask(), ask(), ask()])
  t.equal(w.requests.length, 1)
})

t.test('ocsp client: a serial whose first bit is set is still a positive number', async (t) => {
  const device = await mintDevice({
    edit: {
      provisioner: (tbs) => {
        tbs.serialNumber = Uint8Array.of(0, 0xad, 1).buffer
      },
    },
  })
  const { client, requests } = await world()
  const [, , subject, issuer] = device.certificates
  if (!subject || !issuer) throw new Error('minted')
  await rejectsCode(t, client().status(subject, issuer, NOW), 'ERR_OCSP_REFUSED')
  t.equal(hex(requests[0]?.request.serial ?? new Uint8Array()), '020300ad01')
})

t.test('ocsp client: nothing is believed that does not carry the nonce', async (t) => {
  for (const nonce of [null, pattern(32, 99), pattern(31, 0)]) {
    const { ask, store } = await world(() => ({ nonce }))
    await rejectsCode(t, ask(), 'ERR_ENDORSER_ANSWER')
    t.equal(store.entries.size, 0, 'nor kept')
    t.ok((await ask({ nonce: 'any' })).length, 'unless the caller said so')
  }
})

t.test('ocsp client: wrong answers', async (t) => {
  const device = await minted
  const other = await mintOcsp(device.chain[1] as Bytes, issuerOf(device, 'device'), {
    nonce: pattern(32, 0),
  })
  const wrong: Record<string, OcspKnobs | Response> = {
    'about another certificate': new Response(other),
    'by nobody who may': { by: issuerOf(device, 'identity') },
    'no response at all': new Response('<html>'),
    'far too long': new Response(new Uint8Array(0x4001)),
  }
  for (const [title, answer] of Object.entries(wrong)) {
    const { ask, store } = await world(() => answer)
    await rejectsCode(t, ask(), 'ERR_ENDORSER_ANSWER', title)
    t.equal(store.entries.size, 0)
  }
  const { ask } = await world(() => new Response(refusal(3)))
  await rejectsCode(t, ask(), 'ERR_OCSP_REFUSED')
})

t.test('ocsp client: an answer is not older than the one before', async (t) => {
  const { ask, clock } = await world(() => ({
    thisUpdate: new Date(2 * NOW.getTime() - clock.now()),
  }))
  await ask()
  clock.pass(2 * HOUR)
  await rejectsCode(t, ask(), 'ERR_ENDORSER_ANSWER')
})

t.test('ocsp client: whoever stops the requests does not keep a revocation away', async (t) => {
  const { ask, clock } = await world()
  await ask()
  clock.pass(2 * HOUR)
  const down: typeof fetch = async () => new Response('', { status: 403 })
  await rejectsCode(t, ask({ fetch: down }), 'ERR_ENDORSER_STATUS')
  await rejectsCode(t, ask({ fetch: null }), 'ERR_ENDORSER_OFFLINE')
})

t.test('ocsp client: offline, what is kept and current at that time is used', async (t) => {
  const { ask, clock, store } = await world()
  await rejectsCode(t, ask({ fetch: null }), 'ERR_ENDORSER_OFFLINE')
  await ask()
  t.ok((await ask({ fetch: null })).length)
  const late = new Date(clock.now() + DAY + 1)
  await rejectsCode(t, ask({ fetch: null }, late), 'ERR_ENDORSER_OFFLINE')
  for (const [key, entry] of store.entries) {
    const bytes = new Uint8Array(entry.bytes).fill(0, 300, 310)
    store.entries.set(key, { ...entry, bytes })
  }
  await rejectsCode(t, ask({ fetch: null }), 'ERR_ENDORSER_OFFLINE', 'altered in the store')
})

t.test('ocsp client: an answer that cannot be kept is an answer all the same', async (t) => {
  const { ask, store } = await world()
  store.put = () => Promise.reject(new Error('full'))
  t.ok((await ask()).length)
})

t.test('ocsp client: a mirror, and wrong calls', async (t) => {
  const { ask, requests, client } = await world()
  await ask({ baseUrl: 'http://mirror.example/ocsp/' })
  t.equal(requests[0]?.url, 'http://mirror.example/ocsp/')
  const wrong = [
    { baseUrl: 'ocsp.ndis.nvidia.com' },
    { deadlineMs: -1 },
    { requestMs: Number.NaN },
    { reuseMs: Number.NaN },
    { nonce: 'never' },
    { retries: 3 },
  ]
  for (const options of wrong) {
    t.throws(() => client(options as object), { code: 'ERR_ARGUMENT' }, JSON.stringify(options))
  }
})

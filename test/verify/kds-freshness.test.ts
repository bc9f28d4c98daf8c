// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { amdKds } from '../../src/verify/kds.js'
import type { EndorsementStore } from '../../src/verify/store.js'
import { AT, mintAmd } from '../fake/amd.js'
import { fetchOf } from '../fake/kds.js'
import { hex } from '../helpers.js'
import { codeFrom, DAY, HOUR, world } from './kds-world.js'

const ASK = 0x010001
const DOWN = { status: 404 }

t.test('kds: a VCEK is asked for once as long as it is valid', async (t) => {
  const { kds, client, chip, amd, clock } = await world()
  await client().vcek(chip)
  const asked = kds.requests.length
  clock.pass(6 * 365 * DAY)
  kds.fault = () => DOWN
  t.same(hex(await client().vcek(chip)), hex(amd.vek))
  const chains = kds.requests.slice(asked)
  t.same(chains, ['/vcek/v1/Milan/cert_chain'], 'the chain, in vain')
})

t.test('kds: an expired VCEK is asked for again, and used if that fails', async (t) => {
  const { kds, client, chip, amd, clock, progress } = await world()
  await client().vcek(chip)
  const fetchedAt = clock.now()
  clock.pass(8 * 365 * DAY)
  kds.fault = ({ path }) => (path.includes('?') ? { status: 500 } : null)
  progress.length = 0
  t.same(hex(await client().vcek(chip)), hex(amd.vek))
  const stale = progress.filter(({ state }) => state === 'stale')
  t.match(stale, [
    { what: /^VCEK of a Milan chip/, fetchedAt, cause: { code: 'ERR_ENDORSER_STATUS' } },
  ])
  const renewed = (await mintAmd({ notBefore: new Date(clock.now()) })).vek
  kds.fault = ({ path }) => (path.includes('?') ? { status: 200, body: renewed } : null)
  t.same(hex(await client().vcek(chip)), hex(renewed))
  kds.fault = () => DOWN
  t.same(hex(await client().vcek(chip)), hex(renewed), 'and kept')
})

t.test('kds: a chain for seven days, and older if the service fails', async (t) => {
  const { kds, client, clock, amd } = await world()
  const ask = async () => (await client().chain('Milan', 'vcek')).map(hex)
  const chain = [amd.authority, amd.ark].map(hex)
  t.same(await ask(), chain)
  clock.pass(7 * DAY - 1)
  t.same(await ask(), chain)
  t.equal(kds.requests.length, 1)
  clock.pass(1)
  t.same(await ask(), chain)
  t.equal(kds.requests.length, 2)
  clock.pass(7 * DAY)
  kds.fault = () => ({ status: 200, body: 'garbage' })
  t.same(await ask(), chain, 'in spite of a wrong answer')
  t.same(
    await client({ fetch: null })
      .chain('Milan', 'vcek')
      .then((c) => c.map(hex)),
    chain,
  )
  const aborted = client({ signal: AbortSignal.abort() })
  t.equal(await codeFrom(aborted.chain('Milan', 'vcek')), 'ERR_ENDORSER_ABORTED')
})

t.test('kds: a CRL for a day, and never older', async (t) => {
  const { kds, client, clock, amd } = await world()
  await client().crl('Milan', 'vcek')
  clock.pass(DAY - 1)
  await client().crl('Milan', 'vcek')
  t.equal(kds.requests.length, 1)
  clock.pass(1)
  kds.fault = () => DOWN
  t.equal(await codeFrom(client().crl('Milan', 'vcek')), 'ERR_ENDORSER_NOT_FOUND')
  t.equal(await codeFrom(client({ fetch: null }).crl('Milan', 'vcek')), 'ERR_ENDORSER_OFFLINE')
  const week = client({ crlReuseMs: 7 * DAY, fetch: null })
  t.ok(await week.crl('Milan', 'vcek'), 'unless the caller wants it so')
  clock.pass(365 * DAY)
  const lax = client({ crlReuseMs: 1000 * DAY })
  t.equal(await codeFrom(lax.crl('Milan', 'vcek')), 'ERR_ENDORSER_NOT_FOUND', 'past its nextUpdate')
  kds.fault = () => null
  const revoking = await amd.crl({ number: 8, revoked: [ASK], thisUpdate: new Date(clock.now()) })
  kds.setCrl('Milan', 'vcek', revoking)
  t.same(hex(await lax.crl('Milan', 'vcek')), hex(revoking))
  t.equal(
    await codeFrom(client({ crlReuseMs: 0, fetch: null }).crl('Milan', 'vcek')),
    'ERR_ENDORSER_OFFLINE',
  )
})

t.test('kds: a CRL that goes back behind a known one is no answer', async (t) => {
  const { kds, client, clock, amd, store } = await world()
  const newer = await amd.crl({ revoked: [ASK], thisUpdate: new Date(AT.getTime() - HOUR) })
  kds.setCrl('Milan', 'vcek', newer)
  await client().crl('Milan', 'vcek')
  clock.pass(2 * DAY)
  kds.setCrl('Milan', 'vcek', await amd.crl({ thisUpdate: new Date(AT.getTime() - DAY) }))
  t.equal(await codeFrom(client().crl('Milan', 'vcek')), 'ERR_ENDORSER_ANSWER')
  const [kept] = [...store.entries.values()]
  t.same(hex(kept?.bytes as Uint8Array), hex(newer), 'the newer one is still kept')
})

t.test('kds: a time that is none is not told to anybody', async (t) => {
  const { kds, client, store, progress } = await world()
  await client().chain('Milan', 'vcek')
  kds.fault = () => DOWN
  for (const fetchedAt of [Number.NaN, 1e300, Number.NEGATIVE_INFINITY]) {
    for (const [key, entry] of store.entries) store.entries.set(key, { ...entry, fetchedAt })
    await client().chain('Milan', 'vcek')
    t.match(progress.at(-1), { state: 'stale', fetchedAt: 0 }, `${fetchedAt}`)
  }
})

t.test('kds: a time in the future, or none, makes nothing fresh', async (t) => {
  const { kds, client, clock, store } = await world()
  await client().crl('Milan', 'vcek')
  await client().chain('Milan', 'vcek')
  for (const fetchedAt of [clock.now() + 1, Number.NaN]) {
    kds.requests.length = 0
    for (const [key, { bytes }] of store.entries) store.entries.set(key, { bytes, fetchedAt })
    await client().crl('Milan', 'vcek')
    await client().chain('Milan', 'vcek')
    t.equal(kds.requests.length, 2, String(fetchedAt))
  }
})

t.test('kds: whatever is found in the store is checked', async (t) => {
  const { kds, client, chip, amd, store, clock } = await world()
  const other = await mintAmd({ chipId: new Uint8Array(64).fill(0xc2) })
  await client().vcek(chip)
  const [key] = [...store.entries.keys()].filter((one) => one.includes('/vcek/Milan/'))
  for (const bytes of [other.vek, new Uint8Array(), new Uint8Array(9), amd.vek.subarray(1)]) {
    store.entries.set(key as string, { bytes, fetchedAt: clock.now() })
    kds.requests.length = 0
    t.same(hex(await client().vcek(chip)), hex(amd.vek))
    t.equal(kds.requests.length, 1)
    t.same(hex(store.entries.get(key as string)?.bytes as Uint8Array), hex(amd.vek))
  }
})

t.test('kds: a store that fails costs a request, never an answer', async (t) => {
  const { kds, client, chip, amd, clock, progress } = await world()
  const broken: EndorsementStore = {
    get: async () => Promise.reject(new Error('EIO')),
    put: async () => Promise.reject(new Error('ENOSPC')),
  }
  t.same(hex(await client({ store: broken }).vcek(chip)), hex(amd.vek))
  t.equal(kds.requests.length, 2)
  const events = progress.filter(({ state }) => state === 'not-stored')
  t.match(events, [{ what: /chain/ }, { what: /VCEK/, cause: { message: 'ENOSPC' } }])
  const { fetch, now, sleep } = { fetch: fetchOf(kds, clock), ...clock }
  const silent = amdKds({ fetch, store: broken, now, sleep, roots: [amd.ark] })
  t.same(hex(await silent.vcek(chip)), hex(amd.vek))
})

t.test('kds: offline asks nobody', async (t) => {
  const { kds, client, chip, amd } = await world()
  const offline = client({ fetch: null })
  t.equal(await codeFrom(offline.vcek(chip)), 'ERR_ENDORSER_OFFLINE')
  t.equal(await codeFrom(offline.chain('Milan', 'vcek')), 'ERR_ENDORSER_OFFLINE')
  t.equal(await codeFrom(offline.crl('Milan', 'vcek')), 'ERR_ENDORSER_OFFLINE')
  t.same(kds.requests, [])
  await client().vcek(chip)
  t.same(hex(await offline.vcek(chip)), hex(amd.vek), 'what is kept is there')
})

t.test('kds: a fault of our own is not taken for one of the service', async (t) => {
  const { client, chip, store } = await world()
  const bug = new TypeError('a bug')
  const onProgress = () => {
    throw bug
  }
  await t.rejects(client({ onProgress }).vcek(chip), bug)
  await client().vcek(chip)
  store.entries.delete('kds/v1/chain/Milan/vcek')
  await t.rejects(client({ onProgress }).vcek(chip), bug, 'while what is kept is checked')
})

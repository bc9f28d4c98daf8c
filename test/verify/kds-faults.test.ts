// SPDX-License-Identifier: Apache-2.0
// Every fault of the service and of the way to it: once with an injected fetch and every wait on
// record, once with a real server.

import t from 'tap'
import type { Code } from '../../src/errors.js'
import { AT, mintAmd } from '../fake/amd.js'
import { VirtualClock } from '../fake/clock.js'
import { type Plan, serve } from '../fake/kds.js'
import { hex } from '../helpers.js'
import { chipOf, codeFrom, mintChip, world } from './kds-world.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const REQUEST_MS = 7 * SECOND
const DEADLINE_MS = 300 * SECOND
const inSeconds = (seconds: number): string => String(seconds)
const inAMinute = new Date(AT.getTime() + MINUTE).toUTCString()
const body = 'x'.repeat(2000)

interface Fault {
  readonly plan: Plan
  readonly code: Code
  readonly requests: number
  /** Of time in total. */
  readonly waited: number
}

/** What is answered to every request for the VCEK, and what comes of it. */
const FAULTS: Record<string, Fault> = {
  'no such chip': { plan: { status: 404 }, code: 'ERR_ENDORSER_NOT_FOUND', requests: 1, waited: 0 },
  'bad request': { plan: { status: 400 }, code: 'ERR_ENDORSER_STATUS', requests: 1, waited: 0 },
  'another kind of yes': {
    plan: { status: 206, body },
    code: 'ERR_ENDORSER_STATUS',
    requests: 1,
    waited: 0,
  },
  redirect: {
    plan: { status: 302, headers: { location: 'https://elsewhere.example/vcek' } },
    code: 'ERR_ENDORSER_STATUS',
    requests: 1,
    waited: 0,
  },
  'broken service': {
    plan: { status: 500, body: 'oops' },
    code: 'ERR_ENDORSER_STATUS',
    requests: 4,
    waited: 7 * SECOND,
  },
  'unavailable service': {
    plan: { status: 503 },
    code: 'ERR_ENDORSER_STATUS',
    requests: 4,
    waited: 7 * SECOND,
  },
  'rate limit without a time': {
    plan: { status: 429 },
    code: 'ERR_ENDORSER_RATE_LIMIT',
    requests: 7,
    waited: 250 * SECOND,
  },
  'rate limit of a minute, by date': {
    plan: { status: 429, headers: { date: AT.toUTCString(), 'retry-after': inAMinute } },
    code: 'ERR_ENDORSER_RATE_LIMIT',
    requests: 5,
    waited: 4 * MINUTE,
  },
  'rate limit beyond the deadline': {
    plan: { status: 429, headers: { 'retry-after': inSeconds(300) } },
    code: 'ERR_ENDORSER_RATE_LIMIT',
    requests: 1,
    waited: 0,
  },
  'unavailable for two minutes': {
    plan: { status: 503, headers: { 'retry-after': inSeconds(120) } },
    code: 'ERR_ENDORSER_RATE_LIMIT',
    requests: 3,
    waited: 4 * MINUTE,
  },
  'no connection': {
    plan: { status: 0, end: 'refuse' },
    code: 'ERR_ENDORSER_NETWORK',
    requests: 4,
    waited: 7 * SECOND,
  },
  'connection reset': {
    plan: { status: 200, body, end: 'reset' },
    code: 'ERR_ENDORSER_NETWORK',
    requests: 4,
    waited: 7 * SECOND,
  },
  truncated: {
    plan: { status: 200, body, end: 'short' },
    code: 'ERR_ENDORSER_NETWORK',
    requests: 4,
    waited: 7 * SECOND,
  },
  'no answer': {
    plan: { status: 200, end: 'silent' },
    code: 'ERR_ENDORSER_TIMEOUT',
    requests: 4,
    waited: 7 * SECOND + 4 * REQUEST_MS,
  },
  'half an answer': {
    plan: { status: 200, body, end: 'stall' },
    code: 'ERR_ENDORSER_TIMEOUT',
    requests: 4,
    waited: 7 * SECOND + 4 * REQUEST_MS,
  },
  garbage: {
    plan: { status: 200, body: '<html>' },
    code: 'ERR_ENDORSER_ANSWER',
    requests: 1,
    waited: 0,
  },
  empty: { plan: { status: 200 }, code: 'ERR_ENDORSER_ANSWER', requests: 1, waited: 0 },
  huge: {
    plan: { status: 200, body: 'x'.repeat(1 << 20) },
    code: 'ERR_ENDORSER_ANSWER',
    requests: 1,
    waited: 0,
  },
}

/** Of the requests, those for a VCEK. */
const forVcek = (requests: readonly string[]) => requests.filter((path) => path.includes('?'))

t.test('kds: each fault, by an injected fetch', async (t) => {
  for (const [what, fault] of Object.entries(FAULTS)) {
    const { kds, client, chip, store, clock } = await world()
    kds.fault = ({ path }) => (path.includes('?') ? fault.plan : null)
    const endorser = client({ requestMs: REQUEST_MS, deadlineMs: DEADLINE_MS })
    t.equal(await codeFrom(endorser.vcek(chip)), fault.code, what)
    t.equal(kds.requests.length, fault.requests, `${what}: requests`)
    t.equal(clock.now() - AT.getTime(), fault.waited, `${what}: waited`)
    t.same(store.keys, [], `${what}: nothing is kept`)
    t.equal(clock.pending, 0, `${what}: no timer is left`)
  }
})

t.test('kds: each fault, by a real server', async (t) => {
  for (const [what, fault] of Object.entries(FAULTS)) {
    const { kds, client, chip, store } = await world()
    const server = await serve(kds)
    kds.fault = ({ path }) => (path.includes('?') ? fault.plan : null)
    // A request is late once the server has let it wait, and not before.
    const clock: VirtualClock = new VirtualClock(AT, (ms) => {
      const late = clock.waits.filter((wait) => wait === REQUEST_MS).length
      return ![REQUEST_MS, DEADLINE_MS].includes(ms) || server.stalls() > late
    })
    const endorser = client({
      fetch,
      baseUrl: server.baseUrl,
      now: clock.now,
      sleep: clock.sleep,
      requestMs: REQUEST_MS,
      deadlineMs: DEADLINE_MS,
    })
    t.equal(await codeFrom(endorser.vcek(chip)), fault.code, what)
    t.equal(kds.requests.length, fault.requests, `${what}: requests`)
    t.equal(clock.now() - AT.getTime(), fault.waited, `${what}: waited`)
    t.same(store.keys, [], `${what}: nothing is kept`)
    await server.close()
  }
})

t.test('kds: wrong certificates from a real server', async (t) => {
  const { kds, client, chip, store, amd, clock } = await world()
  const server = await serve(kds)
  t.teardown(() => server.close())
  const endorser = client({ fetch, baseUrl: server.baseUrl, sleep: () => new Promise(() => {}) })
  const other = await mintChip(chipOf('Milan', 0xc2))
  const tcb = await mintChip({ ...chip, tcb: { ...chip.tcb, snp: 0 } })
  const genoa = await mintChip(chipOf('Genoa'))
  const forged = await mintAmd({ signers: { vek: other.keys.ark.privateKey } })
  for (const { vek } of [other, tcb, genoa, forged]) {
    kds.fault = ({ path }) => (path.includes('?') ? { status: 200, body: vek } : null)
    t.equal(await codeFrom(endorser.vcek(chip)), 'ERR_ENDORSER_ANSWER')
    t.notOk(store.keys.includes('vcek/Milan'))
  }
  kds.fault = () => null
  t.same(hex(await endorser.vcek(chip)), hex(amd.vek), 'and the right one')
  t.same(store.keys.sort(), ['chain/Milan', 'vcek/Milan'])
  t.equal(clock.now(), AT.getTime())
})

t.test('kds: a passing fault costs time, not the answer', async (t) => {
  const plans: Record<string, Plan> = {
    'a second of patience': { status: 429, headers: { 'retry-after': '0' } },
    'a broken service': { status: 502 },
    'a broken connection': { status: 200, body, end: 'reset' },
    'a silent service': { status: 200, end: 'silent' },
  }
  for (const [what, plan] of Object.entries(plans)) {
    const { kds, client, chip, amd, progress, clock } = await world()
    kds.fault = ({ number }) => (number === 0 ? plan : null)
    t.same(hex(await client().vcek(chip)), hex(amd.vek), what)
    t.equal(forVcek(kds.requests).length, 2, what)
    t.match(
      progress.filter((event) => event.what.startsWith('VCEK')),
      [
        { state: 'fetching', what: 'VCEK of a Milan chip from kdsintf.amd.com', attempt: 1 },
        { state: 'waiting', attempt: 2, until: clock.now() },
        { state: 'fetching', attempt: 2 },
      ],
      what,
    )
  }
})

// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { Fetcher } from '../../src/verify/fetcher.js'
import { AT } from '../fake/amd.js'
import { VirtualClock } from '../fake/clock.js'
import { FakeKds, fetchOf, type Plan } from '../fake/kds.js'
import { world } from './fetcher-world.js'
import { codeFrom } from './kds-world.js'

const SECOND = 1000
const OK: Plan = { status: 200, body: 'answer' }

t.test('fetcher: asks without credentials, caches, redirects and referrers', async (t) => {
  let asked: RequestInit | undefined
  const { get } = world({
    fetch: async (_, init) => {
      asked = init
      return new Response('answer')
    },
  })
  t.equal(await get(), 'answer')
  t.match(asked, {
    method: 'GET',
    redirect: 'manual',
    cache: 'no-store',
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
  })
})

t.test('fetcher: what is sent along goes by POST, each time, and into no message', async (t) => {
  const asked: RequestInit[] = []
  const { fetcher } = world({
    fetch: async (_, init = {}) => {
      asked.push(init)
      return new Response('answer', { status: asked.length > 3 ? 403 : 200 })
    },
  })
  const wanted = { url: 'https://one.example/', what: 'verdict', maxLength: 100 }
  const body = '{"nonce":"secret"}'
  await Promise.all([fetcher.get({ ...wanted, body }), fetcher.get({ ...wanted, body })])
  const headers = { authorization: 'Bearer secret' }
  await fetcher.get({ ...wanted, headers })
  t.match(asked, [
    { method: 'POST', body, redirect: 'manual', credentials: 'omit' },
    { method: 'POST', body },
    { method: 'GET', headers },
  ])
  t.notOk(asked.some((init) => 'body' in init !== (init.method === 'POST')))
  const refusal = await fetcher.get({ ...wanted, headers, body }).catch((error) => error)
  t.equal(refusal.code, 'ERR_ENDORSER_STATUS')
  t.notMatch(refusal.message, /secret/)
})

t.test('fetcher: one request at a time per origin, in order; origins side by side', async (t) => {
  const { service, get, clock } = world()
  let open = 0
  let most = 0
  service.fault = () => {
    most = Math.max(most, ++open)
    setImmediate(() => open--)
    return { ...OK, latencyMs: SECOND }
  }
  await Promise.all(['/a', '/b', '/c'].map((path) => get(path)))
  t.same(service.requests, ['/a', '/b', '/c'])
  t.equal(clock.now() - AT.getTime(), 3 * SECOND)
  await Promise.all(['/a', '/b'].map((path, at) => get(path, `${at}.example`)))
  t.equal(clock.now() - AT.getTime(), 4 * SECOND)
  t.equal(most, 2)
})

t.test('fetcher: callers of one URL share a request, and later ones do not', async (t) => {
  const { service, get } = world()
  service.fault = () => OK
  t.same(await Promise.all([get(), get(), get()]), ['answer', 'answer', 'answer'])
  t.equal(service.requests.length, 1)
  await get()
  t.equal(service.requests.length, 2)
  service.fault = () => ({ status: 404 })
  const refused = await Promise.all([codeFrom(get()), codeFrom(get())])
  t.same(refused, ['ERR_ENDORSER_NOT_FOUND', 'ERR_ENDORSER_NOT_FOUND'])
  service.fault = () => OK
  t.equal(await get(), 'answer', 'a failure is not kept')
})

t.test('fetcher: whoever waits in the queue waits no longer than the deadline', async (t) => {
  const { service, get, clock } = world({ deadlineMs: 30 * SECOND })
  service.fault = ({ path }) =>
    path === '/limit' ? { status: 429, headers: { 'retry-after': '25' } } : { ...OK, end: 'silent' }
  const codes = await Promise.all(['/a', '/b', '/c'].map((path) => codeFrom(get(path))))
  t.same(codes, Array(3).fill('ERR_ENDORSER_TIMEOUT'))
  t.same(service.requests, ['/a', '/a'], 'two tries of twenty seconds do not fit')
  t.equal(clock.now() - AT.getTime(), 30 * SECOND)
  const limited = ['/limit', '/b'].map((path) => codeFrom(get(path)))
  t.same(await Promise.all(limited), Array(2).fill('ERR_ENDORSER_RATE_LIMIT'))
})

t.test('fetcher: a pause holds for everybody, also for who comes later', async (t) => {
  const { service, get, clock } = world({ deadlineMs: 60 * SECOND })
  const limit = { status: 429, headers: { 'retry-after': '90' } }
  service.fault = () => limit
  t.equal(await codeFrom(get('/a')), 'ERR_ENDORSER_RATE_LIMIT')
  t.equal(await codeFrom(get('/b')), 'ERR_ENDORSER_RATE_LIMIT')
  t.same(service.requests, ['/a'], 'nobody asks during the pause')
  service.fault = () => OK
  clock.pass(45 * SECOND)
  t.equal(await get('/b'), 'answer')
  t.equal(clock.now() - AT.getTime(), 90 * SECOND)
  t.equal(await get('/a', 'two.example'), 'answer', 'another origin did not ask for anything')
})

t.test('fetcher: how long a pause is', async (t) => {
  const at = (seconds: number) => new Date(AT.getTime() + seconds * SECOND).toUTCString()
  const pauses: Record<string, [Record<string, string>, number]> = {
    seconds: [{ 'retry-after': '7' }, 7],
    'no time': [{ 'retry-after': '0' }, 1],
    'a date': [{ 'retry-after': at(5) }, 5],
    'a date by another clock': [{ 'retry-after': at(905), date: at(900) }, 5],
    'a date in the past': [{ 'retry-after': at(-5) }, 1],
    'not a time': [{ 'retry-after': 'soon' }, 10],
    'a negative time': [{ 'retry-after': '-1' }, 10],
    'a very long time': [{ 'retry-after': '99999999999999999999' }, 3600],
  }
  for (const [what, [headers, seconds]] of Object.entries(pauses)) {
    const { service, get, clock } = world({ deadlineMs: 3601 * SECOND })
    service.fault = ({ number }) => (number === 0 ? { status: 429, headers } : OK)
    t.equal(await get(), 'answer')
    t.equal(clock.now() - AT.getTime(), seconds * SECOND, what)
  }
})

t.test('fetcher: patience grows while nobody says for how long', async (t) => {
  const { service, get, clock } = world()
  service.fault = ({ number }) => (number < 5 ? { status: 429 } : OK)
  t.equal(await get(), 'answer')
  t.same(
    clock.waits,
    [10, 20, 40, 60, 60].map((s) => s * SECOND),
  )
})

t.test('fetcher: the caller ends everything', async (t) => {
  const before = world({ signal: AbortSignal.abort() })
  t.equal(await codeFrom(before.get()), 'ERR_ENDORSER_ABORTED')
  t.same(before.service.requests, [])
  const plans: Record<string, Plan> = {
    'a request': { status: 200, end: 'silent' },
    'an answer': { status: 200, body: 'answer', end: 'stall' },
    'a pause': { status: 429 },
    'a pause after a failure': { status: 500 },
  }
  for (const [what, plan] of Object.entries(plans)) {
    const controller = new AbortController()
    const { service, get } = world({ signal: controller.signal, sleep: never })
    service.fault = () => plan
    const codes = Promise.all([codeFrom(get('/a')), codeFrom(get('/b'))])
    for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    t.same(await codes, ['ERR_ENDORSER_ABORTED', 'ERR_ENDORSER_ABORTED'], what)
    t.same(service.requests, ['/a'], what)
  }
})

/** Ends only when it is aborted. */
const never = (_: number, signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

t.test('fetcher: needs nobody to watch', async (t) => {
  const clock = new VirtualClock(AT)
  const service = new FakeKds()
  service.fault = ({ number }) => (number === 0 ? { status: 500 } : OK)
  const { now, sleep } = clock
  const fetcher = new Fetcher({ fetch: fetchOf(service, clock), now, sleep })
  const bytes = await fetcher.get({ url: 'https://one.example/', what: 'it', maxLength: 10 })
  t.equal(Buffer.from(bytes).toString(), 'answer')
})

t.test('clock: one listener on the caller’s signal, and none afterwards', async (t) => {
  const { signal } = new AbortController()
  const log: string[] = []
  const { addEventListener: add, removeEventListener: remove } = signal
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    log.push('add')
    add.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    log.push('remove')
    remove.apply(signal, args)
  }
  const { service, get } = world({ signal })
  service.fault = () => OK
  const paths = Array.from({ length: 12 }, (_, at) => `/${at}`)
  await Promise.all(paths.map((path) => get(path)))
  t.equal(log.filter((entry) => entry === 'add').length, log.length / 2)
  t.same(log.slice(-1), ['remove'])
  t.ok(
    log.every((entry, at) => entry === (at % 2 === 0 ? 'add' : 'remove')),
    'never two at once',
  )
})

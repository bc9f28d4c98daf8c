// SPDX-License-Identifier: Apache-2.0

import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import t from 'tap'
import {
  checkLeaseHints,
  DIRECTORY_LIMITS,
  leasePath,
  parseExpectations,
  parseLeaseHints,
} from '../../src/discovery/index.js'
import { settled } from '../service/hand-clock.js'
import { request, tcp } from '../service/sockets.js'
import { DIGEST, DOCUMENT, HINTS, LEASE, LEASE_PATH, world } from './app-world.js'
import { endpoint, hints, leaseId, ownerOf } from './leases.js'

const FRESH = 'public, max-age=30, stale-while-revalidate=60, stale-if-error=86400'
const STALE = 'public, max-age=5, stale-while-revalidate=15, stale-if-error=86400'

t.test('app: a lease as its clients read it', async (t) => {
  const { app } = world(t)
  const answer = await app.inject(LEASE_PATH)
  t.equal(answer.statusCode, 200)
  t.same(parseLeaseHints(answer.body), HINTS)
  t.match(answer.headers, {
    'content-type': 'application/json',
    'content-length': `${answer.body.length}`,
    etag: /^"[\w-]{22}"$/,
    'cache-control': FRESH,
    'access-control-allow-origin': '*',
    'x-content-type-options': 'nosniff',
    date: /GMT$/,
  })
  t.equal(answer.headers.vary, undefined, 'one answer for all')
})

t.test('app: whoever has it is told so', async (t) => {
  const { app, state } = world(t)
  const whole = await app.inject(LEASE_PATH)
  const etag = whole.headers.etag as string
  const ask = (tags: string, url = LEASE_PATH) =>
    app.inject({ url, headers: { 'if-none-match': tags } })
  for (const tags of [etag, `W/${etag}`, '*', ' * ', `"a", W/"b,c" ,${etag}`, `"a",W/${etag}`]) {
    const answer = await ask(tags)
    t.match(answer, { statusCode: 304, body: '' }, tags)
    t.match(answer.headers, {
      etag,
      'cache-control': FRESH,
      'access-control-allow-origin': '*',
      date: String,
    })
    t.equal(answer.headers['content-type'], undefined)
  }
  const inside = etag.slice(1, -1)
  for (const tags of ['"a"', 'W/"a"', inside, `"x${inside}"`, `"${inside}`, '', '"*"']) {
    t.equal((await ask(tags)).statusCode, 200, tags)
  }
  state.setLease(hints(LEASE, []))
  t.match(await ask(etag), { statusCode: 200, headers: { etag: /./ } }, 'no longer')
  t.equal((await ask('*', leasePath(leaseId(8)))).statusCode, 404)
  t.equal((await ask(`"${DIGEST}"`, `/v1/expectations/${DIGEST}`)).statusCode, 304)
})

t.test('app: HEAD is GET without its body', async (t) => {
  const { app } = world(t)
  for (const url of [LEASE_PATH, `/v1/expectations/${DIGEST}`, '/openapi.json', '/metrics']) {
    const get = await app.inject(url)
    const head = await app.inject({ method: 'HEAD', url })
    t.match(head, { statusCode: 200, body: '' })
    if (url === '/metrics') continue
    const { date: _, ...headers } = get.headers
    const { date: __, ...same } = head.headers
    t.same(same, headers)
  }
  t.equal((await app.inject({ method: 'HEAD', url: '/v1/stream' })).statusCode, 405)
})

t.test('app: expectations are their bytes, for ever', async (t) => {
  const { app } = world(t)
  const { rawPayload, headers } = await app.inject(`/v1/expectations/${DIGEST}`)
  t.same(rawPayload, Buffer.from(DOCUMENT))
  t.ok(parseExpectations(rawPayload))
  t.match(headers, { etag: `"${DIGEST}"`, 'cache-control': 'public, max-age=31536000, immutable' })
})

t.test('app: what is not there may be there soon', async (t) => {
  const { app } = world(t)
  for (const [url, code] of [
    [leasePath(leaseId(8)), 'ERR_LEASE_UNKNOWN'],
    [`/v1/expectations/sha256:${'0'.repeat(64)}`, 'ERR_EXPECTATIONS_UNKNOWN'],
  ] as const) {
    const answer = await app.inject(url)
    t.match(answer.json(), { status: 404, code, title: 'Not Found' })
    t.match(answer.headers, {
      'content-type': 'application/problem+json',
      'cache-control': 'public, max-age=5',
      'access-control-allow-origin': '*',
    })
  }
})

t.test('app: while the source is cut off, answers are sent and marked', async (t) => {
  const { app, source } = world(t)
  const fresh = await app.inject(LEASE_PATH)
  source.connected = false
  const stale = await app.inject(LEASE_PATH)
  t.equal(stale.body, fresh.body)
  t.equal(stale.headers.etag, fresh.headers.etag)
  t.equal(stale.headers['cache-control'], STALE)
  const headers = { 'if-none-match': fresh.headers.etag as string }
  const known = await app.inject({ url: LEASE_PATH, headers })
  t.match(known, { statusCode: 304, headers: { 'cache-control': STALE } })
  const list = await app.inject(`/v1/leases?owner=${LEASE.owner}`)
  t.equal(list.headers['cache-control'], STALE)
  t.match(await app.inject('/readyz'), { statusCode: 200 }, 'all replicas would go at once')
  t.match((await app.inject(`/v1/expectations/${DIGEST}`)).headers['cache-control'], /immutable/)
  t.match((await app.inject('/metrics')).body, /^assay_directory_source_connected 0$/m)
  source.connected = true
  t.equal((await app.inject(LEASE_PATH)).headers['cache-control'], FRESH)
})

t.test('app: before the first whole state, nothing is said to be absent', async (t) => {
  const { app, source } = world(t)
  source.ready = false
  for (const url of [
    LEASE_PATH,
    leasePath(leaseId(8)),
    `/v1/leases?owner=${LEASE.owner}`,
    `/v1/expectations/${DIGEST}`,
    '/v1/stream',
    '/readyz',
  ]) {
    const answer = await app.inject(url)
    t.match(answer.json(), { status: 503, code: 'ERR_SOURCE_WAITING' }, url)
    t.match(answer.headers, { 'retry-after': '5', 'cache-control': 'no-store' })
  }
  t.match(await app.inject('/healthz'), { statusCode: 200, body: 'ok\n' })
  t.match((await app.inject('/metrics')).body, /^assay_directory_ready 0$/m)
  source.ready = true
  t.match(await app.inject('/readyz'), {
    statusCode: 200,
    body: 'ok\n',
    headers: { 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8' },
  })
})

t.test('app: the leases of an owner, a page at a time', async (t) => {
  const { app, state } = world(t)
  const owner = ownerOf(5)
  const all = Array.from({ length: 120 }, (_, at) => hints(leaseId(at + 1, { owner })))
  for (const lease of all) state.setLease(lease)
  const seen = []
  const lengths = []
  for (let next: string | null = ''; next !== null; ) {
    const url = `/v1/leases?owner=${owner}${next && `&cursor=${next}`}`
    const { body, headers } = await app.inject(url)
    const page = JSON.parse(body)
    t.equal(page.owner, owner)
    t.match(headers, { etag: String, 'cache-control': FRESH })
    const again = { url, headers: { 'if-none-match': headers.etag as string } }
    t.equal((await app.inject(again)).statusCode, 304)
    seen.push(...page.leases.map(checkLeaseHints))
    lengths.push(page.leases.length)
    next = page.next
  }
  t.same(seen, all)
  t.same(lengths, [50, 50, 20])
  const empty = await app.inject(`/v1/leases?owner=${ownerOf(6)}`)
  t.same(empty.json(), { owner: ownerOf(6), leases: [], next: null })
})

t.test('app: a request says what it may, and nothing else', async (t) => {
  const { app } = world(t)
  const { owner } = LEASE
  const table: [string, string][] = [
    ['/v1/leases', 'ERR_REQUEST_FIELD'],
    ['/v1/leases?owner=', 'ERR_REQUEST_FIELD'],
    [`/v1/leases?owner=${owner.slice(0, -1)}q`, 'ERR_REQUEST_FIELD'],
    [`/v1/leases?owner=${owner}&limit=1000`, 'ERR_REQUEST_FIELD'],
    [`/v1/leases?owner=${owner}&owner=${owner}`, 'ERR_REQUEST_FIELD'],
    [`/v1/leases?owner=${owner}&cursor=MQ`, 'ERR_REQUEST_FIELD'],
    [`/v1/leases?owner=${owner}&cursor=`, 'ERR_REQUEST_FIELD'],
    [`${LEASE_PATH}?nonce=1`, 'ERR_REQUEST_FIELD'],
    [`/v1/stream?owner=${owner}x`, 'ERR_REQUEST_FIELD'],
    ['/healthz?x', 'ERR_REQUEST_FIELD'],
    [`/v1/leases/${owner}/07/1/1`, 'ERR_LEASE_ID'],
    [`/v1/leases/${owner}/7/1/x`, 'ERR_LEASE_ID'],
    ['/v1/leases/somebody/7/1/1', 'ERR_LEASE_ID'],
    [`/v1/expectations/${DIGEST.toUpperCase()}`, 'ERR_EXPECTATIONS_NAME'],
    ['/v1/expectations/x', 'ERR_EXPECTATIONS_NAME'],
  ]
  for (const [url, code] of table) {
    const answer = await app.inject(url)
    t.match(answer.json(), { status: 400, code }, url)
    t.equal(answer.headers['cache-control'], 'no-store')
  }
  const long = await app.inject(`/v1/leases?owner=${'x'.repeat(600)}`)
  t.match(long.json(), { status: 414, code: 'ERR_REQUEST_URL', title: 'URI Too Long' })
})

t.test('app: paths and methods that are not there', async (t) => {
  const { app } = world(t)
  for (const url of [
    '/',
    '/v1/leases/',
    '/v1/nothing',
    '/%zz',
    `/v1/leases/${'x'.repeat(200)}/7/1/1`,
  ]) {
    t.match((await app.inject(url)).json(), { status: 404, code: 'ERR_REQUEST_ROUTE' }, url)
  }
  for (const method of ['POST', 'PUT', 'DELETE'] as const) {
    for (const payload of [undefined, { nonce: 'secret' }]) {
      const answer = await app.inject({ method, url: LEASE_PATH, ...(payload && { payload }) })
      t.match(answer.json(), { status: 405, code: 'ERR_REQUEST_ROUTE' })
      t.match(answer.headers, { allow: 'GET, HEAD, OPTIONS', 'access-control-allow-origin': '*' })
    }
  }
  const answer = await app.inject({ method: 'POST', url: '/v1/stream', payload: 'x' })
  t.match(answer, { statusCode: 405, headers: { allow: 'GET, OPTIONS' } })
})

t.test('app: any page may read, and name the tag that it has', async (t) => {
  const { app } = world(t)
  const headers = {
    origin: 'https://tenant.example.com',
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'if-none-match',
  }
  const preflight = await app.inject({ method: 'OPTIONS', url: LEASE_PATH, headers })
  t.match(preflight, { statusCode: 204, body: '' })
  t.match(preflight.headers, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': /If-None-Match/,
    'access-control-max-age': '86400',
  })
  const { origin } = headers
  const read = await app.inject({ url: LEASE_PATH, headers: { origin } })
  t.match(read.headers['access-control-expose-headers'], /ETag/)
  t.equal(read.headers['access-control-allow-credentials'], undefined)
  const refused = await app.inject({ method: 'OPTIONS', url: '/v1/nothing', headers })
  t.equal(refused.statusCode, 404)
})

t.test('app: an address that asks too often is told when to come back', async (t) => {
  const { app, clock } = world(t, { rate: 2 })
  const ask = (remoteAddress: string) => app.inject({ url: '/healthz', remoteAddress })
  const statuses = async (addresses: string[]) => {
    const answers = []
    for (const address of addresses) answers.push((await ask(address)).statusCode)
    return answers
  }
  t.same(await statuses(Array(5).fill('192.0.2.1')), [200, 200, 200, 200, 429])
  const refused = await ask('192.0.2.1')
  t.match(refused.json(), { status: 429, code: 'ERR_REQUEST_RATE', title: 'Too Many Requests' })
  t.match(refused.headers, { 'retry-after': '1', 'cache-control': 'no-store' })
  t.same(await statuses(['192.0.2.2', '2001:db8::1']), [200, 200])
  const neighbours = Array.from({ length: 5 }, (_, at) => `2001:db8:0:1::${at}`)
  t.same(await statuses(neighbours), [200, 200, 200, 200, 429])
  clock.advance(500)
  t.same(await statuses(['192.0.2.1', '192.0.2.1']), [200, 429])
})

t.test('app: who asks is who a trusted proxy says, and nobody else', async (t) => {
  const forwarded = (remoteAddress: string, client: string) => ({
    url: '/healthz',
    remoteAddress,
    headers: { 'x-forwarded-for': client },
  })
  const { app } = world(t, { rate: 1, trustProxy: ['10.0.0.0/8'] })
  for (let at = 0; at < 4; at++) {
    t.equal((await app.inject(forwarded('10.1.2.3', `192.0.2.${at}`))).statusCode, 200)
  }
  const liars = []
  for (let at = 0; at < 3; at++) {
    liars.push((await app.inject(forwarded('192.0.2.77', `192.0.2.${at}`))).statusCode)
  }
  t.same(liars, [200, 200, 429])
})

t.test('app: without a limit, anybody may ask', async (t) => {
  const { app } = world(t, { rate: 0 })
  for (let at = 0; at < 300; at++) {
    if ((await app.inject('/healthz')).statusCode !== 200) t.fail('refused')
  }
  t.equal((await app.inject('/healthz')).statusCode, 200)
})

t.test('app: how long caches keep a lease is a choice', async (t) => {
  const short = world(t, { maxAgeS: 2 })
  const headers = async ({ app }: typeof short, url: string) =>
    (await app.inject(url)).headers['cache-control']
  t.match(await headers(short, LEASE_PATH), /max-age=2, stale-while-revalidate=4/)
  t.equal(await headers(short, leasePath(leaseId(8))), 'public, max-age=2')
  short.source.connected = false
  t.match(await headers(short, LEASE_PATH), /max-age=2, stale-while-revalidate=15/, 'marked')
})

t.test('app: /openapi.json is valid, and names every route that is served', async (t) => {
  const { app } = world(t)
  const answer = await app.inject('/openapi.json')
  t.match(answer.headers, { 'cache-control': 'public, max-age=3600', etag: String })
  const document = answer.json()
  const { valid, errors } = await new Validator().validate(document)
  t.same(errors, undefined)
  t.ok(valid)
  t.equal(document.openapi, '3.1.0')
  for (const [path, operations] of Object.entries<object>(document.paths)) {
    const url = path.replaceAll(/\{(\w+)\}/g, ':$1')
    for (const method of ['get', 'head']) {
      const served = app.hasRoute({ method: method.toUpperCase() as 'GET', url })
      t.equal(served, method in operations, `${method} ${path}`)
    }
  }
  t.equal(Object.keys(document.paths).length, 8)
})

t.test('app: metrics count, and name nobody', async (t) => {
  const { app, state } = world(t, { connections: () => ({ open: 3, evicted: 2, refused: 1 }) })
  state.setLease(hints(leaseId(8), [endpoint(), endpoint({ replica: '1' })]))
  state.deleteLease(leaseId(8))
  await app.inject(LEASE_PATH)
  await app.inject({ url: LEASE_PATH, headers: { 'if-none-match': '*' } })
  await app.inject(leasePath(leaseId(9)))
  await app.inject('/nothing')
  const { body, headers } = await app.inject('/metrics')
  t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/)
  const route = '/v1/leases/:owner/:dseq/:gseq/:oseq'
  for (const line of [
    `assay_request_duration_seconds_count{route="${route}",status="200"} 1`,
    `assay_request_duration_seconds_count{route="${route}",status="304"} 1`,
    `assay_request_duration_seconds_count{route="${route}",status="404"} 1`,
    'assay_request_duration_seconds_count{route="none",status="404"} 1',
    'assay_refusals_total{code="ERR_LEASE_UNKNOWN"} 1',
    'assay_refusals_total{code="ERR_REQUEST_ROUTE"} 1',
    'assay_directory_changes_total{kind="set"} 1',
    'assay_directory_changes_total{kind="gone"} 1',
    'assay_directory_leases 1',
    'assay_directory_endpoints 1',
    'assay_directory_owners 1',
    'assay_directory_expectations 1',
    'assay_directory_ready 1',
    'assay_directory_source_connected 1',
    'assay_directory_streams 0',
    'assay_connections_open 3',
    'assay_connections_evicted 2',
    'assay_connections_refused 1',
  ]) {
    t.ok(body.split('\n').includes(line), line)
  }
  t.notMatch(body, /akash1/)
})

t.test('app: our bugs are told to the log, and not to strangers', async (t) => {
  const { app, log, state } = world(t)
  state.lease = () => {
    throw new TypeError('internals of ours')
  }
  const answer = await app.inject(LEASE_PATH)
  t.match(answer.json(), { status: 500, code: 'ERR_INTERNAL' })
  t.notMatch(answer.body, /internals/)
  t.match(log.join(''), /internals of ours/)
})

t.test('app: refusals leave a line that names nobody', async (t) => {
  const { app, log, source } = world(t)
  await app.inject(leasePath(leaseId(8)))
  await app.inject('/v1/leases?owner=secret')
  source.ready = false
  await app.inject(LEASE_PATH)
  const lines = log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'refused')
  t.match(lines, [
    { level: 20, status: 404, code: 'ERR_LEASE_UNKNOWN' },
    { level: 20, status: 400, code: 'ERR_REQUEST_FIELD' },
    { level: 30, status: 503, code: 'ERR_SOURCE_WAITING' },
  ])
  t.notMatch(JSON.stringify(lines), /akash1|secret/)
})

t.test('app: the largest lease that clients read is one that is served', async (t) => {
  const { app, state } = world(t)
  const many = Array.from({ length: DIRECTORY_LIMITS.endpoints }, (_, at) =>
    endpoint({ replica: `web-${`${at}`.padStart(4, '0')}` }),
  )
  const large = hints(leaseId(9), many)
  state.setLease(large)
  t.same(parseLeaseHints((await app.inject(leasePath(leaseId(9)))).body), large)
  const page = await app.inject(`/v1/leases?owner=${LEASE.owner}`)
  t.match(page.json(), { leases: { length: 1 }, next: String })
  const next = await app.inject(`/v1/leases?owner=${LEASE.owner}&cursor=${page.json().next}`)
  t.match(next.json(), { leases: { length: 1 }, next: null })
})

t.test('app: what comes on an open connection while it closes is refused', async (t) => {
  const { app } = world(t)
  let open = () => {}
  const held = new Promise<void>((resolve) => {
    open = resolve
  })
  app.addHook('preClose', () => held)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const client = await tcp(port)
  client.send(request('GET /healthz'))
  await client.until('ok')
  const closed = app.close()
  await settled()
  client.send(request('GET /healthz'))
  t.match(await client.until('ERR_SHUTDOWN'), /HTTP\/1\.1 503 /)
  open()
  await Promise.all([closed, client.all])
})

t.test('app: a connection without an address is served', async (t) => {
  const { app } = world(t)
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'assay-socket-')), 'socket')
  await app.listen({ path: file })
  const asked = httpRequest({ socketPath: file, path: '/healthz', agent: false })
  asked.end()
  const [answer] = await once(asked, 'response')
  answer.resume()
  t.equal(answer.statusCode, 200)
})

// SPDX-License-Identifier: Apache-2.0

import { type FastifyInstance, type InjectOptions, LogController } from 'fastify'
import t, { type Test } from 'tap'
import { AttestationError } from '../../src/errors.js'
import { createLog } from '../../src/service/log.js'
import {
  type AppOptions,
  buildApp,
  type CertificateState,
  Readiness,
} from '../../src/webhook/index.js'
import { REVIEW_LEN } from '../../src/webhook/review.js'
import { confidentialPod, type Fields, POLICY, plainPod, review, UID } from '../fake/reviews.js'
import { HandClock } from '../service/hand-clock.js'

const DAY_MS = 86_400_000

function world(
  t: Test,
  options: Partial<AppOptions> = {},
  certificate: Partial<CertificateState> = {},
) {
  const clock = new HandClock()
  const at = (days: number) => new Date(clock.now().getTime() + days * DAY_MS)
  const state = { notBefore: at(-1), notAfter: at(90), trouble: null, ...certificate }
  const readiness = new Readiness(clock, () => state)
  const lines: Record<string, unknown>[] = []
  const log = createLog('debug', { write: (line) => lines.push(JSON.parse(line)) })
  const app = buildApp({
    policy: POLICY,
    clock,
    readiness,
    server: {
      loggerInstance: log,
      logController: new LogController({ disableRequestLogging: true }),
    },
    ...options,
  })
  t.teardown(() => app.close())
  return { app, clock, readiness, lines, at }
}

const send = (app: FastifyInstance, payload: unknown, more: InjectOptions = {}) =>
  app.inject({
    method: 'POST',
    // As an API server says how long it waits.
    url: '/mutate?timeout=5s',
    headers: { 'content-type': 'application/json' },
    payload: payload as string,
    ...more,
  })

const metric = async (app: FastifyInstance) => (await app.inject('/metrics')).body

t.test('app: a confidential pod is changed, another one let pass', async (t) => {
  const { app, lines } = world(t)
  const injected = await send(app, review(confidentialPod()))
  t.match(injected, { statusCode: 200, headers: { 'content-type': 'application/json' } })
  const { response } = injected.json()
  t.match(response, { uid: UID, allowed: true, patchType: 'JSONPatch' })
  t.match(Buffer.from(response.patch, 'base64').toString(), POLICY.sidecarImage)
  const passed = (await send(app, review(plainPod()))).json()
  t.same(passed.response, {
    uid: UID,
    allowed: true,
    auditAnnotations: { decision: 'allowed', code: 'not-confidential' },
  })
  t.match(lines, [
    { uid: UID, namespace: 'lease', operation: 'CREATE', decision: 'allowed', code: 'injected' },
    { uid: UID, namespace: 'lease', decision: 'allowed', code: 'not-confidential' },
  ])
})

t.test('app: a refusal is an answer, with its code', async (t) => {
  const { app, lines } = world(t)
  const answer = await send(app, review(confidentialPod({ hostPID: true })))
  t.equal(answer.statusCode, 200)
  const { response } = answer.json()
  t.match(response, { uid: UID, allowed: false, status: { code: 403, reason: 'Forbidden' } })
  t.equal(response.patch, undefined)
  const [, code] = /^(ERR_\w+): /.exec(response.status.message) ?? []
  t.match(lines, [{ decision: 'refused', code }])
  t.match(await metric(app), `assay_admissions_total{decision="refused",code="${code}"} 1\n`)
})

t.test('app: a dry run is answered alike, and says so in its line', async (t) => {
  const { app, lines } = world(t)
  const wet = await send(app, review(confidentialPod()))
  const dry = await send(app, review(confidentialPod(), { dryRun: true }))
  t.same(dry.json(), wet.json())
  t.match(lines[1], { dryRun: true })
  t.equal(lines[0]?.dryRun, undefined)
})

t.test('app: what is no review is refused with 400, and a code', async (t) => {
  const { app, lines } = world(t)
  const table: [body: unknown, code: string][] = [
    ['{', 'ERR_REQUEST_BODY'],
    [undefined, 'ERR_REQUEST_BODY'],
    [{ ...review(plainPod()), apiVersion: 'admission.k8s.io/v1beta1' }, 'ERR_REVIEW_VERSION'],
    [{ ...review(plainPod()), request: undefined }, 'ERR_REVIEW_REQUEST'],
    [review(plainPod(), { uid: '' }), 'ERR_REVIEW_REQUEST'],
    [review({ apiVersion: 'apps/v1', kind: 'Deployment' }), 'ERR_REVIEW_RESOURCE'],
  ]
  for (const [body, code] of table) {
    const answer = await send(app, body)
    t.match(answer, { statusCode: 400, body: new RegExp(`^${code}: [^\n]+\n$`) }, code)
    t.match(answer.headers['content-type'], /^text\/plain/, 'which the API server shows')
    t.match(lines.at(-1), { level: 'warn', route: '/mutate', status: 400, code, reason: String })
  }
  t.match(
    await metric(app),
    'assay_admissions_total{decision="failed",code="ERR_REQUEST_BODY"} 2\n',
  )
})

t.test('app: a pod of three MiB, one of 300 containers, and what is larger', async (t) => {
  const { app } = world(t)
  const env = [{ name: 'LARGE', value: 'x'.repeat(3 * 0x100000 - 4096) }]
  const large = confidentialPod({ containers: [{ name: 'web', image: 'web:1', env }] })
  t.equal((await send(app, review(large))).json().response.allowed, true)
  const both = review(large, { operation: 'UPDATE', oldObject: large })
  t.equal((await send(app, both)).json().response.allowed, true)
  const containers = Array.from({ length: 300 }, (_, index) => ({
    name: `c${index}`,
    image: 'i:1',
  }))
  t.equal((await send(app, review(confidentialPod({ containers })))).json().response.allowed, true)
  const tooLarge = await send(app, JSON.stringify(review(plainPod())).padEnd(REVIEW_LEN + 1))
  t.match(tooLarge, { statusCode: 413, body: /^ERR_REQUEST_SIZE: / })
})

t.test('app: bodies that are not declared as JSON are none', async (t) => {
  const { app } = world(t)
  const headers = { 'content-type': 'application/yaml' }
  t.match(await send(app, 'a: b', { headers }), {
    statusCode: 415,
    body: /^ERR_REQUEST_MEDIA_TYPE: /,
  })
  const utf8 = { 'content-type': 'application/json; charset=utf-8' }
  t.equal((await send(app, review(plainPod()), { headers: utf8 })).statusCode, 200)
})

t.test('app: without room for a large body, its client is asked to come back', async (t) => {
  const { app } = world(t, { intake: { body: REVIEW_LEN, free: 100, shared: 0 } })
  const answer = await send(app, review(plainPod()))
  t.match(answer, { statusCode: 503, body: /^ERR_QUEUE_FULL: / })
  t.equal(answer.headers['retry-after'], '1', 'which API servers heed')
})

t.test('app: nothing of a pod is logged', async (t) => {
  const { app, lines } = world(t)
  const env = [{ name: 'PASSWORD', value: 'hunter2' }]
  const secret = (spec: Fields = {}) =>
    confidentialPod({ containers: [{ name: 'web', image: 'secret:1', env }], ...spec })
  await send(app, review(secret()))
  await send(app, review(secret({ hostPID: true })))
  await send(app, JSON.stringify(review(secret())).slice(0, -1))
  await send(app, review(secret(), { operation: 'hunter2' }), {})
  t.ok(lines.length >= 4)
  t.notMatch(JSON.stringify(lines.slice(0, 3)), /PASSWORD|hunter2|secret/)
})

t.test('app: a bug of ours is told to the log, and not to strangers', async (t) => {
  const policy = {} as typeof POLICY
  Object.defineProperty(policy, 'sidecarImage', {
    get() {
      throw new TypeError('internals of ours')
    },
  })
  const { app, lines } = world(t, { policy })
  const answer = await send(app, review(confidentialPod()))
  t.match(answer, { statusCode: 500, body: 'ERR_INTERNAL: something went wrong in the webhook\n' })
  t.match(lines[0], { level: 'error', status: 500, err: { message: 'internals of ours' } })
})

t.test('app: health is to be alive, readiness is more', async (t) => {
  const { app, readiness, lines } = world(t)
  t.match(await app.inject('/healthz'), { statusCode: 200, body: 'ok\n' })
  const ready = await app.inject('/readyz')
  t.match(ready, { statusCode: 200, body: 'ok\n' })
  t.equal(ready.headers.connection, 'keep-alive')
  t.match(await metric(app), /^assay_ready 1$/m)
  readiness.stop()
  t.match(await app.inject('/readyz'), { statusCode: 503, body: /^ERR_SHUTDOWN: / })
  t.equal((await app.inject('/healthz')).statusCode, 200)
  t.match(await metric(app), /^assay_ready 0$/m)
  const answer = await send(app, review(plainPod()))
  t.equal(answer.statusCode, 200, 'who comes all the same is answered')
  t.equal(answer.headers.connection, 'close')
  t.same(
    lines.filter(({ level }) => level !== 'debug').map(({ msg }) => msg),
    ['admission'],
    'probes fill no log',
  )
})

t.test('app: readiness says what will be wrong, and what is', async (t) => {
  const trouble = new AttestationError('ERR_TLS_FILES', 'they do not fit')
  const { app, at, clock } = world(t, {}, { trouble })
  const ready = await app.inject('/readyz')
  t.match(ready, { statusCode: 200, body: 'ok\nwarning: ERR_TLS_FILES: they do not fit\n' })
  clock.skew = at(86).getTime() - clock.now().getTime()
  t.match((await app.inject('/readyz')).body, /^ok\n.*\nwarning: the certificate ends at .*\n$/)
  clock.skew += 5 * DAY_MS
  t.match(await app.inject('/readyz'), { statusCode: 503, body: /^ERR_TLS_VALIDITY: / })
})

t.test('app: metrics of requests, certificate and connections', async (t) => {
  const { app } = world(t, {
    certificateExpiry: () => new Date('2026-11-21T13:00:00Z'),
    connections: () => ({ open: 3, evicted: 2, refused: 1 }),
    reloads: () => ({ done: 4, failed: 5 }),
  })
  await send(app, review(confidentialPod()))
  await metric(app)
  const text = (await metric(app)).split('\n')
  for (const line of [
    'assay_admissions_total{decision="allowed",code="injected"} 1',
    'assay_request_duration_seconds_count{route="/mutate",status="200"} 1',
    'assay_certificate_remaining_seconds 3600',
    'assay_certificate_reloads_total 4',
    'assay_certificate_reload_failures_total 5',
    'assay_connections_open 3',
    'assay_connections_evicted 2',
    'assay_connections_refused 1',
  ]) {
    t.ok(text.includes(line), line)
  }
  const bare = await metric(world(t).app)
  t.notMatch(bare, /^assay_(certificate_remaining|connections)/m)
})

t.test('app: paths and methods that are not there', async (t) => {
  const { app } = world(t)
  t.match(await app.inject('/nothing'), {
    statusCode: 404,
    body: 'ERR_REQUEST_ROUTE: no such path\n',
  })
  t.match(await app.inject('/%zz'), { statusCode: 404 })
  const got = await app.inject('/mutate')
  t.match(got, { statusCode: 405, headers: { allow: 'POST' } })
  const posted = await app.inject({ method: 'POST', url: '/readyz?verbose' })
  t.match(posted, { statusCode: 405, headers: { allow: 'GET, HEAD' } })
})

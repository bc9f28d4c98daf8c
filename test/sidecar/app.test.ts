// SPDX-License-Identifier: Apache-2.0

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { REQUEST_NONCE_AT } from '../../assembly/nvidia/layout.js'
import { AttestationError } from '../../src/errors.js'
import type { EvidenceAnswer, QuoteAnswer } from '../../src/protocol.js'
import { buildApp } from '../../src/sidecar/app.js'
import type { CpuSurface, GpuReport, GpuSurface } from '../../src/sidecar/surface.js'
import { pattern } from '../fake/nvidia.js'
import { mintQuote } from '../fake/tdx.js'
import { changed, rejectsCode } from '../helpers.js'
import { gpuNonce } from '../oracle/digest.js'
import { Tree } from '../oracle/merkle.js'
import * as oracle from '../oracle/report-data.js'
import { ask, base64, HPKE, judge, SPKI, world } from './app-world.js'

const NONCE = pattern(64, 7)
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Lets whoever waits go on, once each. */
function gate() {
  const waiting: (() => void)[] = []
  return {
    pass: () => new Promise<void>((resolve) => waiting.push(resolve)),
    open: () => waiting.shift()?.(),
    waiting,
  }
}

/** Until `condition` holds; the test's time-out ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settled()
}

/** Until so many wait for the next batch. */
async function waiting({ app }: { app: FastifyInstance }, count: number): Promise<void> {
  const line = `assay_queue_waiting{queue="batch"} ${count}\n`
  while (!(await app.inject('/metrics')).body.includes(line)) await settled()
}

t.test('app: raw at the level of the guest, everything composed one above', async (t) => {
  for (const floor of [0, 2]) {
    const { app, platform } = await world(t, { floor })
    await ask(app, '/quote', { nonce: base64(NONCE) })
    await ask(app, '/quote', { nonce: base64(NONCE), bind_tls: true })
    await ask(app, '/v1/evidence', { nonce: base64(NONCE) })
    await ask(app, '/v1/evidence', { nonce: base64(NONCE), batch: true })
    t.same(
      platform.asked.map(({ vmpl }) => vmpl),
      [floor, floor + 1, floor + 1, floor + 1],
    )
    t.same(platform.asked[0]?.reportData, NONCE)
    t.same(platform.asked[1]?.reportData, oracle.tls(SPKI, NONCE))
  }
})

t.test('app: at VMPL 3 only raw mode is served', async (t) => {
  const { app, platform } = await world(t, { floor: 3 })
  t.equal((await ask(app, '/quote', { nonce: base64(NONCE) })).statusCode, 200)
  const tls = await ask(app, '/quote', { nonce: base64(NONCE), bind_tls: true })
  t.match(tls, { statusCode: 403, body: /^ERR_LEVEL_FLOOR: [^\n]+\n$/ })
  for (const batch of [true, false]) {
    const answer = await ask(app, '/v1/evidence', { nonce: base64(NONCE), batch })
    t.match(answer.json(), { status: 403, code: 'ERR_LEVEL_FLOOR' })
  }
  t.equal(platform.asked.length, 1, 'nothing was put to the hardware')
})

t.test('app: raw quotes are refused where the operator says so', async (t) => {
  const { app, platform } = await world(t, { rawQuotes: 'deny' })
  const raw = await ask(app, '/quote', { nonce: base64(NONCE) })
  t.match(raw, { statusCode: 403, body: /^ERR_RAW_DENIED: / })
  t.equal(raw.headers['retry-after'], undefined)
  t.equal(platform.asked.length, 0)
  const tls = await ask(app, '/quote', { nonce: base64(NONCE), bind_tls: true })
  t.equal(tls.statusCode, 200)
})

t.test('app: what it serves verifies, in every mode, with and without GPUs', async (t) => {
  for (const gpus of [0, 2]) {
    const it = await world(t, { gpus })
    const requests: readonly [string, object][] = [
      ['/quote', { bind_tls: true }],
      ['/v1/evidence', {}],
      ['/v1/evidence', { bind: ['tls', 'hpke'], user_data: base64(pattern(99, 3)) }],
      ['/v1/evidence', { bind: ['tls'], batch: true }],
    ]
    for (const [url, more] of requests) {
      const answer = await ask(it.app, url, { nonce: base64(NONCE), ...more })
      t.same(await judge(it, answer.body, NONCE), {}, `${url} ${JSON.stringify(more)}`)
    }
    const other = await ask(it.app, '/v1/evidence', { nonce: base64(NONCE) })
    t.match(await judge(it, other.body, pattern(64, 8)), {
      'binding.nonce': 'fail ERR_BINDING_REPORT_DATA',
    })
  }
})

t.test('app: those who come during a report are one batch', async (t) => {
  for (const gpus of [0, 2]) {
    const hold = gate()
    const it = await world(t, { gpus, before: hold.pass })
    const nonces = Array.from({ length: 8 }, (_, index) => pattern(32 + index, index))
    const send = (nonce: Uint8Array, index: number) =>
      ask(it.app, '/v1/evidence', {
        nonce: base64(nonce),
        batch: true,
        endorsements: index % 2 === 0,
        bind: index % 3 === 0 ? ['tls'] : [],
      })
    const first = send(nonces[0] as Uint8Array, 0)
    await until(() => hold.waiting.length === 1)
    const rest = nonces.slice(1).map((nonce, index) => send(nonce, index + 1))
    await waiting(it, 7)
    hold.open()
    await until(() => hold.waiting.length === 1)
    hold.open()
    const answers = await Promise.all([first, ...rest])
    const batches = answers.map((answer) => answer.json<EvidenceAnswer>())
    t.same(
      batches.map(({ batch }) => [batch?.size, batch?.index]),
      [[1, 0], ...[0, 1, 2, 3, 4, 5, 6].map((index) => [7, index])],
    )
    t.same(
      batches.map(({ endorsements }) => endorsements.length),
      [3, 0, 3, 0, 3, 0, 3, 0],
    )
    t.equal(batches[1]?.batch?.nonce_path?.length, gpus ? 3 : undefined)
    if (gpus) {
      const root = new Tree(nonces.slice(1)).root()
      t.same(it.platform.gpuNonces[1], gpuNonce(root), 'GPUs sign the root of the nonces')
    }
    t.equal(it.platform.asked.length, 2)
    t.equal(it.platform.overlap, 1)
    // Without certificates in the answer somebody else has to vouch for the report.
    for (const index of [0, 2, 4, 6]) {
      t.same(await judge(it, answers[index]?.body ?? '', nonces[index] as Uint8Array), {})
    }
    t.match(
      await judge(it, answers[2]?.body ?? '', nonces[4] as Uint8Array),
      { 'binding.nonce': /^fail / },
      'the answer to another one does not pass',
    )
  }
})

t.test('app: GPU evidence comes first, and failing it fails the request', async (t) => {
  let broken = true
  const { app, platform } = await world(t, {
    gpus: 1,
    beforeGpus: () => {
      if (broken) throw new AttestationError('ERR_GPU_EVIDENCE', 'GPU 0 gave none')
    },
  })
  for (const [url, more] of [
    ['/quote', {}],
    ['/v1/evidence', {}],
    ['/v1/evidence', { batch: true }],
  ] as const) {
    const answer = await ask(app, url, { nonce: base64(NONCE), ...more })
    t.equal(answer.statusCode, 503)
    t.match(answer.body, /ERR_GPU_EVIDENCE/)
    t.equal(answer.headers['retry-after'], '1')
  }
  t.equal(platform.asked.length, 0, 'no report without it')
  broken = false
  const answer = await ask(app, '/quote', { nonce: base64(NONCE) })
  t.same(platform.gpuNonces.at(-1), NONCE.slice(0, 32), 'AEP-83: the first half of REPORT_DATA')
  t.equal(answer.json<QuoteAnswer>().gpu_reports?.length, 1)
})

t.test(
  'app: AEP-83 joins what a GPU gives; the evidence of ours is the report alone',
  async (t) => {
    const { app, platform } = await world(t, { gpus: 1 })
    const { gpus } = platform
    const collect = gpus?.collect.bind(gpus) as NonNullable<typeof gpus>['collect']
    const cec = pattern(100, 3)
    Object.assign(gpus as object, {
      collect: async (nonce: Uint8Array) => (await collect(nonce)).map((gpu) => ({ ...gpu, cec })),
    })
    const quote = (await ask(app, '/quote', { nonce: base64(NONCE) })).json<QuoteAnswer>()
    const [gpu] = quote.gpu_reports ?? []
    const parts = [gpu?.attestation_report, gpu?.cec_report, gpu?.certificate_chain]
    const joined = Buffer.concat(parts.map((part) => Buffer.from(part ?? '', 'base64')))
    t.equal(gpu?.report, base64(joined))
    t.equal(gpu?.cec_report, base64(cec))
    const bound = await ask(app, '/v1/evidence', { nonce: base64(NONCE) })
    const [alone] = await collect(gpuNonce(NONCE))
    t.equal(bound.json<EvidenceAnswer>().gpus[0]?.evidence, base64(alone?.report as Uint8Array))
  },
)

t.test('app: GPUs that give nothing are no guest without GPUs', async (t) => {
  const it = await world(t, { gpus: 1 })
  Object.assign(it.platform.gpus as object, { collect: async () => [] })
  const answer = await ask(it.app, '/v1/evidence', { nonce: base64(NONCE) })
  t.match(answer.json(), { status: 503, code: 'ERR_GPU_EVIDENCE' })
})

t.test('app: GPU evidence over the nonce of somebody else never leaves the guest', async (t) => {
  const it = await world(t, { gpus: 2 })
  const gpus = it.platform.gpus as GpuSurface
  const honest = gpus.collect.bind(gpus)
  Object.assign(gpus, {
    collect: async (nonce: Uint8Array) => {
      const [first, second] = (await honest(nonce)) as [GpuReport, GpuReport]
      const report = changed(second.report, (bytes) => {
        bytes[REQUEST_NONCE_AT] = (bytes[REQUEST_NONCE_AT] as number) ^ 1
      })
      return [first, { ...second, report }]
    },
  })
  for (const batch of [false, true]) {
    const answer = await ask(it.app, '/v1/evidence', { nonce: base64(NONCE), batch })
    t.match(answer.json(), { status: 503, code: 'ERR_GPU_EVIDENCE' })
  }
  t.match(await ask(it.app, '/quote', { nonce: base64(NONCE) }), { statusCode: 503 })
  t.same(it.platform.asked, [], 'the CPU is not asked to sign it')
})

t.test('app: a report over something else never leaves the guest', async (t) => {
  const wrong = {
    'other REPORT_DATA': (report: Uint8Array) =>
      changed(report, (copy) => {
        copy[0x50] = (copy[0x50] as number) ^ 1
      }),
    'another level': (report: Uint8Array) =>
      changed(report, (copy) => {
        copy[0x30] = 2
      }),
    'a torn report': (report: Uint8Array) => report.slice(0, 1000),
    nothing: () => new Uint8Array(),
  }
  for (const [title, mangle] of Object.entries(wrong)) {
    const { app } = await world(t, { mangle: (report) => new Uint8Array(mangle(report)) })
    const quote = await ask(app, '/quote', { nonce: base64(NONCE) })
    t.match(quote, { statusCode: 503, body: /^ERR_DEVICE_ANSWER: / }, title)
    const batch = await ask(app, '/v1/evidence', { nonce: base64(NONCE), batch: true })
    t.match(batch.json(), { status: 503, code: 'ERR_DEVICE_ANSWER' }, title)
  }
})

t.test('app: a lost key is reported, and the device left alone', async (t) => {
  const { app, platform } = await world(t, {
    before: () => {
      throw new AttestationError('ERR_DEVICE_LOST', 'ENOTTY')
    },
  })
  t.equal((await app.inject('/healthz')).statusCode, 200)
  for (let count = 0; count < 3; count++) {
    const answer = await ask(app, '/quote', { nonce: base64(NONCE) })
    t.match(answer, { statusCode: 503, body: /^ERR_DEVICE_LOST: / })
    t.equal(answer.headers['retry-after'], undefined, 'coming back does not help')
  }
  t.equal(platform.asked.length, 1)
  t.match(await app.inject('/healthz'), { statusCode: 503, body: /^ERR_DEVICE_LOST: / })
  t.match((await app.inject('/metrics')).body, /^assay_device_lost 1$/m)
})

t.test('app: a device that hangs is reported, and its clients are told in time', async (t) => {
  const hold = gate()
  const { app, clock } = await world(t, { before: hold.pass, deadlineMs: 1000 })
  const answers = [
    ask(app, '/quote', { nonce: base64(NONCE) }),
    ask(app, '/v1/evidence', { nonce: base64(NONCE), batch: true }),
  ]
  await until(() => hold.waiting.length === 1)
  await settled()
  clock.advance(1002)
  const [quote, batch] = await Promise.all(answers)
  t.match(quote, { statusCode: 503, body: /^ERR_QUEUE_DEADLINE: / })
  t.match(batch?.json(), { status: 503, code: 'ERR_QUEUE_DEADLINE' })
  t.match(await app.inject('/healthz'), { statusCode: 503, body: /^ERR_DEVICE_BUSY: / })
  t.match((await app.inject('/metrics')).body, /^assay_device_busy_seconds{device="cpu"} 1\.002$/m)
  hold.open()
  // It came back, and the next in its line had left.
  while ((await app.inject('/healthz')).statusCode !== 200) await settled()
})

t.test('app: overload is answered and counted, and no part of the log', async (t) => {
  const hold = gate()
  const { app, clock, log } = await world(t, { before: hold.pass, deadlineMs: 1000 })
  const send = () => ask(app, '/quote', { nonce: base64(NONCE) })
  const first = send()
  await until(() => hold.waiting.length === 1)
  clock.advance(600)
  const second = send()
  await settled()
  const third = await send()
  t.match(third, { statusCode: 503, body: /^ERR_QUEUE_FULL: / })
  t.match(third.headers['retry-after'], /^\d+$/)
  hold.open()
  await until(() => hold.waiting.length === 1)
  hold.open()
  await Promise.all([first, second])
  const levels = log
    .filter((line) => line.includes('ERR_QUEUE_FULL'))
    .map((line) => JSON.parse(line).level)
  t.same(levels, [20])
})

t.test('app: what the framework refuses has our codes', async (t) => {
  const { app } = await world(t)
  const post = (url: string, payload: string, type?: string) =>
    app.inject({ method: 'POST', url, payload, headers: type ? { 'content-type': type } : {} })
  const large = 'x'.repeat(9000)
  t.match(await post('/quote', large.slice(0, 4097)), {
    statusCode: 413,
    body: /^ERR_REQUEST_SIZE: /,
  })
  t.match((await post('/v1/evidence', large, 'application/json')).json(), {
    status: 413,
    title: 'Content Too Large',
    code: 'ERR_REQUEST_SIZE',
  })
  t.match((await post('/v1/evidence', '{}', 'text/plain')).json(), {
    status: 415,
    code: 'ERR_REQUEST_MEDIA_TYPE',
  })
  const empty = await app.inject({ method: 'POST', url: '/v1/evidence' })
  t.match(empty.json(), { status: 400, code: 'ERR_REQUEST_BODY' })
  const short = await app.inject({
    method: 'POST',
    url: '/quote',
    payload: '{}',
    headers: { 'content-length': '7' },
  })
  t.match(short, { statusCode: 400, body: /^ERR_REQUEST_BODY: / })
})

t.test('app: a route with a schema of the framework would bring in its compilers', async (t) => {
  const { app } = await world(t)
  const schema = { response: { 200: { type: 'string' } } }
  app.get('/schema', { schema }, () => 'a string')
  await rejectsCode(t, Promise.resolve(app.ready()), 'ERR_INTERNAL')
})

t.test('app: paths and methods that are not there', async (t) => {
  const { app } = await world(t)
  t.match(await app.inject('/nothing'), { statusCode: 404, body: '404 page not found\n' })
  t.match(await app.inject('/quote?x=1'), { statusCode: 405, body: 'Method Not Allowed\n' })
  t.equal((await app.inject({ method: 'POST', url: '/info' })).headers.allow, 'GET, HEAD')
  t.match((await app.inject('/v1/nothing')).json(), { status: 404, code: 'ERR_REQUEST_ROUTE' })
  const method = await app.inject({ method: 'PUT', url: '/v1/evidence' })
  t.match(method.json(), { status: 405, code: 'ERR_REQUEST_ROUTE' })
  t.equal(method.headers.allow, 'POST')
  t.match(await app.inject('/%zz'), { statusCode: 404, body: '404 page not found\n' })
  t.match((await app.inject('/v1/%zz')).json(), { status: 404, code: 'ERR_REQUEST_ROUTE' })
  const large = { a: 'x'.repeat(0x2000) }
  t.match(await ask(app, '/nothing', large), { statusCode: 413, body: /^ERR_REQUEST_SIZE: / })
})

t.test('app: our bugs are told to the log, and not to strangers', async (t) => {
  const { app, log } = await world(t, {
    before: () => {
      throw new TypeError('internals of ours')
    },
  })
  const answer = await ask(app, '/quote', { nonce: base64(NONCE) })
  t.match(answer, { statusCode: 500, body: /^ERR_INTERNAL: / })
  t.notMatch(answer.body, /internals/)
  t.match(log.join(''), /internals of ours/)
})

t.test('app: neither nonces nor evidence are logged', async (t) => {
  const { app, log } = await world(t)
  await ask(app, '/quote', { nonce: base64(NONCE) })
  await ask(app, '/v1/evidence', { nonce: base64(NONCE), user_data: base64(pattern(64, 9)) })
  await ask(app, '/v1/evidence', { nonce: base64(pattern(65, 7)) })
  await app.inject(`/${base64(NONCE)}`)
  const lines = log.filter((line) => line.includes('refused'))
  t.equal(lines.length, 2, 'one line for each refusal')
  t.match(lines[0], /"route":"\/v1\/evidence","status":400,"code":"ERR_REQUEST_NONCE"/)
  for (const secret of [NONCE, pattern(64, 9)]) {
    t.notMatch(lines.join(''), new RegExp(base64(secret).slice(0, 20).replaceAll('+', '\\+')))
  }
})

t.test('app: metrics count what happened', async (t) => {
  const expiry = new Date('2026-11-21T13:00:00Z')
  const { app } = await world(t, { certificateExpiry: () => expiry })
  await ask(app, '/quote', { nonce: base64(NONCE) })
  await ask(app, '/quote', { nonce: 'x' })
  await Promise.all(
    [1, 2, 3].map(() => ask(app, '/v1/evidence', { nonce: base64(NONCE), batch: true })),
  )
  const { body, headers } = await app.inject('/metrics')
  t.match(headers['content-type'], /^text\/plain; version=0\.0\.4/)
  for (const line of [
    'assay_request_duration_seconds_count{route="/quote",status="200"} 1',
    'assay_request_duration_seconds_count{route="/quote",status="400"} 1',
    'assay_request_duration_seconds_count{route="/v1/evidence",status="200"} 3',
    'assay_refusals_total{code="ERR_REQUEST_NONCE"} 1',
    'assay_batch_size_sum 3',
    'assay_queue_waiting{queue="batch"} 0',
    'assay_device_lost 0',
    'assay_certificate_remaining_seconds 3600',
  ]) {
    t.ok(body.split('\n').includes(line), line)
  }
  t.match(body, /^assay_firmware_duration_seconds_count{device="cpu"} \d+$/m)
})

t.test('app: firmware errors are counted by code', async (t) => {
  const { app } = await world(t, {
    before: () => {
      throw new AttestationError('ERR_DEVICE_IO', 'EIO')
    },
  })
  await ask(app, '/quote', { nonce: base64(NONCE) })
  t.match(
    (await app.inject('/metrics')).body,
    /^assay_firmware_errors_total{device="cpu",code="ERR_DEVICE_IO"} 1$/m,
  )
})

t.test('app: /openapi.json is valid, and names every route that is served', async (t) => {
  const { app } = await world(t)
  const document = (await app.inject('/openapi.json')).json()
  const { valid, errors } = await new Validator().validate(document)
  t.same(errors, undefined)
  t.ok(valid)
  for (const [path, operations] of Object.entries<object>(document.paths)) {
    for (const method of Object.keys(operations)) {
      t.ok(app.hasRoute({ method: method.toUpperCase() as 'GET', url: path }), `${method} ${path}`)
    }
  }
})

t.test('app: closing answers what is under way and takes nothing new', async (t) => {
  const hold = gate()
  const { app, platform } = await world(t, { before: hold.pass })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const post = (path: string, more: object) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ nonce: base64(NONCE), ...more }),
    })
  const first = post('/quote', {})
  await until(() => hold.waiting.length === 1)
  const batch = post('/v1/evidence', { batch: true })
  await waiting({ app }, 1)
  const closed = app.close()
  await settled()
  t.notOk(platform.closed, 'the device is still at work')
  hold.open()
  t.equal((await first).status, 200)
  await until(() => hold.waiting.length === 1)
  hold.open()
  t.equal((await batch).status, 200)
  await closed
  t.ok(platform.closed)
})

t.test('app: what comes on an open connection while it closes is refused', async (t) => {
  const hold = gate()
  const { app, log } = await world(t, { before: hold.pass })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const body = JSON.stringify({ nonce: base64(NONCE) })
  const head = `POST /quote HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`
  socket.write(head + body)
  await until(() => hold.waiting.length === 1)
  const closed = app.close()
  await settled()
  socket.write(head + body)
  const refused = /"route":"\/quote","status":503,"code":"ERR_SHUTDOWN"/
  await until(() => log.some((line) => refused.test(line)))
  hold.open()
  socket.resume()
  await Promise.all([closed, once(socket, 'close')])
  t.equal(hold.waiting.length, 0, 'the device was not asked again')
})

t.test('app: a client that hangs up during its request is let go', async (t) => {
  const hold = gate()
  const { app, platform } = await world(t, { before: hold.pass })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  const [serverSide] = (await once(app.server, 'connection')) as [Socket]
  const body = JSON.stringify({ nonce: base64(NONCE) })
  const head = `POST /quote HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`
  socket.write(head + body)
  await until(() => hold.waiting.length === 1)
  socket.destroy()
  await once(serverSide, 'close')
  hold.open()
  await app.close()
  t.equal(platform.asked.length, 1, 'what had begun was not cut off')
})

t.test('app: a TDX guest has no levels', async (t) => {
  const it = await world(t)
  const asked: number[] = []
  const cpu: CpuSurface = {
    ...it.platform.cpu,
    tee: 'tdx',
    collect: async (_reportData, vmpl) => {
      asked.push(vmpl)
      return { report: new Uint8Array(mintQuote()), auxblob: new Uint8Array() }
    },
  }
  const app = buildApp({
    platform: { cpu, gpus: null },
    keys: { tlsSpki: SPKI, hpke: HPKE },
    clock: it.clock,
    rawQuotes: 'allow',
  })
  t.teardown(() => app.close())
  t.equal((await app.inject('/info')).json().tee_platform, 'tdx')
  const answer = await ask(app, '/v1/evidence', { nonce: base64(NONCE) })
  t.match(answer.json(), { code: 'ERR_DEVICE_ANSWER' }, 'a quote over other REPORT_DATA')
  t.same(asked, [0])
})

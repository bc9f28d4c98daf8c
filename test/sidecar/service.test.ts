// SPDX-License-Identifier: Apache-2.0

import t, { type Test } from 'tap'
import { AttestationError } from '../../src/errors.js'
import { createLog } from '../../src/service/log.js'
import { type ServiceOptions, serve } from '../../src/sidecar/service.js'
import { readSettings } from '../../src/sidecar/settings.js'
import { fakePlatform } from '../fake/platform.js'
import { rejectsCode } from '../helpers.js'
import { HandClock, settled } from '../service/hand-clock.js'
import { request, secured } from '../service/sockets.js'

async function running(t: Test, change: Partial<ServiceOptions> = {}) {
  const clock = new HandClock(new Date())
  const lines: Record<string, unknown>[] = []
  const log = createLog('info', { write: (line) => lines.push(JSON.parse(line)) })
  const stop = new AbortController()
  const settings = readSettings(['--listen', '127.0.0.1:0'], {})
  const platform = await fakePlatform()
  const open = async () => platform
  const ended = serve({ settings, clock, log, open, stop: stop.signal, ...change })
  t.teardown(() => stop.abort())
  const said = async (msg: string) => {
    while (!lines.some((line) => line.msg === msg)) await settled()
    return lines.find((line) => line.msg === msg)
  }
  const { url } = (await said('listening')) as { url: string }
  const port = Number(new URL(url).port)
  const ask = async (line: string) => {
    const client = await secured(port)
    client.send(request(line, 'Connection: close\r\n'))
    return client.all
  }
  return { clock, lines, stop, platform, ended, said, port, ask }
}

t.test('service: serves until it is told to stop', async (t) => {
  const { said, ask, stop, ended, platform, lines } = await running(t)
  t.match(await said('serving'), { surface: 'fake', tee: 'snp', gpus: null })
  t.match(await ask('GET /healthz'), /^HTTP\/1.1 200 OK[\s\S]*\r\n\r\nok$/)
  stop.abort()
  await ended
  t.equal(platform.closed, true)
  t.same(
    lines.map(({ msg }) => msg),
    ['listening', 'serving', 'stopping', 'stopped'],
  )
})

t.test(
  'service: without a platform it says so everywhere, and serves once there is one',
  async (t) => {
    const platform = await fakePlatform({ gpus: 1 })
    const reasons: unknown[] = [
      new AttestationError('ERR_DEVICE_ABSENT', 'no provider'),
      new AttestationError('ERR_DEVICE_ABSENT', 'no provider'),
      new Error('of another kind'),
    ]
    const tries = { count: 0 }
    const open = async () => {
      const reason = reasons[tries.count++]
      if (reason) throw reason
      return platform
    }
    const { ask, clock, lines, said } = await running(t, { open })
    await said('no provider')
    t.match(
      await ask('GET /healthz'),
      /^HTTP\/1.1 503 Service Unavailable\r\nContent-Type: text\/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nRetry-After: 5\r\n[\s\S]*\r\n\r\nERR_DEVICE_ABSENT: no provider\n$/,
    )
    t.match(await ask('HEAD /healthz'), /^HTTP\/1.1 503 [\s\S]*\r\n\r\n$/)
    t.match(await ask('POST /quote'), /ERR_DEVICE_ABSENT: no provider\n$/)
    const [head, body = ''] = (await ask('POST /v1/evidence')).split('\r\n\r\n')
    t.match(head, 'Content-Type: application/problem+json')
    t.match(JSON.parse(body), { status: 503, code: 'ERR_DEVICE_ABSENT', detail: 'no provider' })
    await clock.pass(1_000)
    t.equal(tries.count, 2)
    await clock.pass(2_000)
    t.equal(tries.count, 3)
    t.match(await ask('GET /healthz'), /ERR_INTERNAL: the platform could not be opened\n$/)
    await clock.pass(3_999)
    t.equal(tries.count, 3)
    await clock.pass(1)
    await said('serving')
    t.match(await ask('GET /healthz'), /^HTTP\/1.1 200 OK/)
    const errors = lines.filter(({ level }) => level === 'error')
    t.same(
      errors.map(({ code }) => code),
      ['ERR_DEVICE_ABSENT', 'ERR_INTERNAL'],
      'the same reason is told once',
    )
  },
)

t.test('service: what lies behind a reason stands in its line, without a stack', async (t) => {
  const errno = Object.assign(new Error('ENOENT: no such file, opendir'), { errno: -2 })
  const because = (cause: Error) =>
    new AttestationError('ERR_DEVICE_ABSENT', 'no device', {
      cause: new AttestationError('ERR_DEVICE_ABSENT', 'no configfs', { cause }),
    })
  for (const [cause, expected] of [
    [errno, { reason: 'ENOENT: no such file, opendir', errno: 2 }],
    [new Error('not loaded'), { reason: 'not loaded' }],
  ] as const) {
    const { said, stop, ended } = await running(t, { open: () => Promise.reject(because(cause)) })
    const { level, time, msg, code, ...rest } = (await said('no device')) ?? {}
    t.strictSame(rest, expected)
    stop.abort()
    await ended
  }
})

t.test('service: it can be stopped while it waits, and before it looked', async (t) => {
  const open = async () => {
    throw new AttestationError('ERR_DEVICE_ABSENT', 'no provider')
  }
  const waiting = await running(t, { open })
  await waiting.said('no provider')
  waiting.stop.abort()
  await waiting.ended
  t.equal(waiting.clock.pending, 0)
  await t.rejects(secured(waiting.port))
  const { ended, lines } = await running(t, { stop: AbortSignal.abort() })
  await ended
  t.notOk(lines.some(({ msg }) => msg === 'serving'))
})

t.test('service: a stop that comes while the platform opens is kept', async (t) => {
  const platform = await fakePlatform()
  const stop = new AbortController()
  const open = async () => {
    stop.abort()
    return platform
  }
  const { ended } = await running(t, { open, stop: stop.signal })
  await ended
  t.equal(platform.closed, true)
})

t.test('service: mock mode is warned of, and an address that is wrong ends it', async (t) => {
  const settings = readSettings(['--listen', '127.0.0.1:0'], { ATTESTATION_MOCK: 'true' })
  const { lines } = await running(t, { settings })
  t.match(lines[0], { level: 'warn', msg: /^ATTESTATION_MOCK has NO EFFECT/ })
  const plain = readSettings(['--plain-http'], {})
  const clock = new HandClock()
  const open = () => fakePlatform()
  const log = createLog('silent', { write: () => {} })
  const { signal } = new AbortController()
  await rejectsCode(t, serve({ settings: plain, clock, log, open, stop: signal }), 'ERR_ARGUMENT')
})

// SPDX-License-Identifier: Apache-2.0

import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { nodeTransport } from '../../src/cli/transport.js'
import { fetchEvidence, fetchInfo, fetchQuote } from '../../src/client/index.js'
import { systemClock } from '../../src/service/system-clock.js'
import { type SidecarOptions, startSidecar } from '../../src/sidecar/sidecar.js'
import { pattern } from '../fake/nvidia.js'
import { type FakePlatformOptions, fakePlatform } from '../fake/platform.js'
import { hex, rejectsCode } from '../helpers.js'
import { HandClock, settled } from '../service/hand-clock.js'
import { request, secured, tcp } from '../service/sockets.js'

const NONCE = pattern(64, 3)

export function recorded(level = 'debug') {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level }, { write: (line: string) => lines.push(JSON.parse(line)) })
  return { lines, log }
}

async function started(
  t: Test,
  options: Partial<SidecarOptions> = {},
  hardware: FakePlatformOptions = {},
) {
  const platform = await fakePlatform(hardware)
  const { lines, log } = recorded()
  const sidecar = await startSidecar({
    platform,
    clock: systemClock,
    log,
    listen: { host: '127.0.0.1', port: 0 },
    rawQuotes: 'allow',
    plainHttp: false,
    ...options,
  })
  t.teardown(async () => {
    const closed = sidecar.close()
    if (options.clock instanceof HandClock) await options.clock.pass(30_000)
    await closed
  })
  const { url } = sidecar
  return { sidecar, url, port: Number(new URL(url).port), platform, lines }
}

const post = (nonce: Uint8Array, extra = ''): string => {
  const body = JSON.stringify({ nonce: Buffer.from(nonce).toString('base64') })
  return request('POST /quote', `Content-Length: ${body.length}\r\n${extra}`, body)
}

t.test('sidecar: serves evidence over TLS with the key that it binds', async (t) => {
  const { url, port } = await started(t)
  t.match(url, /^https:\/\/127\.0\.0\.1:\d+$/)
  const transport = nodeTransport()
  const { evidence, channelSpki } = await fetchEvidence({
    url,
    transport,
    nonce: NONCE,
    bind: ['tls', 'hpke'],
  })
  t.equal(hex(channelSpki ?? new Uint8Array()), hex(evidence.claims.tlsSpki ?? new Uint8Array()))
  t.match(hex(evidence.claims.hpke ?? new Uint8Array()), /^0020[0-9a-f]{64}$/)
  const quote = await fetchQuote({ url, transport, nonce: NONCE, bindTls: true })
  t.equal(quote.evidence.mode, 'tls')
  const { socket } = await secured(port)
  const certificate = (socket as TLSSocket).getPeerX509Certificate() as X509Certificate
  t.equal(certificate.subject, 'CN=akash-attestation-sidecar')
  t.equal(
    hex(certificate.publicKey.export({ type: 'spki', format: 'der' })),
    hex(channelSpki ?? new Uint8Array()),
  )
  socket.destroy()
})

t.test('sidecar: every request leaves one line, and no line holds what was asked', async (t) => {
  const { url, lines, port } = await started(t)
  const transport = nodeTransport()
  const { evidence } = await fetchQuote({ url, transport, nonce: NONCE })
  const client = await secured(port)
  client.send(
    request('POST /quote?secret', 'Content-Length: 1\r\nX-Secret: s\r\nConnection: close\r\n', '{'),
  )
  t.match(await client.all, /ERR_REQUEST_BODY/)
  const rude = await secured(port)
  rude.send('nonsense\r\n\r\n')
  await rude.all
  const text = JSON.stringify(lines)
  t.match(lines, [
    { level: 20, route: '/quote', status: 200, ms: Number },
    { level: 30, route: '/quote', status: 400, code: 'ERR_REQUEST_BODY', ms: Number },
    { level: 20, route: '/quote', status: 400, ms: Number },
    { level: 30, status: 400, code: 'ERR_REQUEST_HTTP' },
  ])
  t.equal(lines.length, 4)
  for (const secret of [NONCE, evidence.report.subarray(0, 48)]) {
    const base64 = Buffer.from(secret).toString('base64').slice(0, 32)
    t.notOk(text.includes(base64) || text.includes(hex(secret).slice(0, 32)))
  }
  t.notMatch(text, /secret/i)
})

t.test('sidecar: plain HTTP on loopback, and nowhere else', async (t) => {
  const { url, port } = await started(t, { plainHttp: true })
  t.match(url, /^http:\/\/127\.0\.0\.1:/)
  const client = await tcp(port)
  client.send(request('GET /metrics', 'Connection: close\r\n'))
  const text = await client.all
  t.match(text, /^HTTP\/1.1 200 OK/)
  t.notMatch(text, /^assay_certificate_remaining_seconds/m)
  t.match(text, /^assay_connections_open 1$/m)
  t.match(text, /^assay_connections_evicted 0$/m)
  t.match(text, /^assay_connections_refused 0$/m)
  const transport = nodeTransport()
  t.equal((await fetchInfo({ url, transport })).tlsPublicKey, null)
  const nonce = NONCE
  t.equal((await fetchQuote({ url, transport, nonce })).evidence.mode, 'raw')
  t.equal((await fetchEvidence({ url, transport, nonce, bind: ['hpke'] })).evidence.mode, 'bound')
  const refused = [
    fetchQuote({ url, transport, nonce, bindTls: true }),
    fetchEvidence({ url, transport, nonce, bind: ['tls'] }),
    fetchEvidence({ url, transport, nonce, bind: ['tls'], batch: true }),
  ]
  for (const asked of refused) {
    const error = await rejectsCode(t, asked, 'ERR_ATTESTER_REFUSED')
    t.match(error?.message, /ERR_REQUEST_FIELD.*no TLS key to bind/)
  }
  const { log } = recorded()
  for (const host of ['', '0.0.0.0', '10.1.2.3']) {
    const options = {
      platform: await fakePlatform(),
      clock: systemClock,
      log,
      listen: { host, port: 0 },
      rawQuotes: 'allow',
      plainHttp: true,
    } as const
    await rejectsCode(t, startSidecar(options), 'ERR_ARGUMENT', host)
  }
})

t.test('sidecar: an address that is taken is refused with its reason', async (t) => {
  const { port } = await started(t)
  const { log } = recorded()
  const platform = await fakePlatform()
  const listen = { host: '127.0.0.1', port }
  const options = { platform, clock: systemClock, log, listen, plainHttp: false } as const
  const error = await rejectsCode(
    t,
    startSidecar({ ...options, rawQuotes: 'allow' }),
    'ERR_ARGUMENT',
  )
  t.match(error?.message, /: another process listens there \(EADDRINUSE\)$/)
  const scopeless = { ...options, listen: { host: 'fe80::1', port: 0 } }
  const odd = await rejectsCode(
    t,
    startSidecar({ ...scopeless, rawQuotes: 'allow' }),
    'ERR_ARGUMENT',
  )
  t.match(odd?.message, /^cannot listen on \[fe80::1\]:0: E[A-Z]+$/, 'in the words of the system')
})

t.test('sidecar: without a host, every address of the machine', async (t) => {
  const { url, port } = await started(t, { listen: { host: '', port: 0 } })
  t.match(url, /^https:\/\/(\[::\]|0\.0\.0\.0):\d+$/)
  const client = await secured(port)
  client.send(request('GET /healthz', 'Connection: close\r\n'))
  t.match(await client.all, /ok$/)
})

/** It can stop telling the time, and then no certificate is written. */
class FragileClock extends HandClock {
  broken = false

  override now(): Date {
    if (this.broken) throw new Error('no time')
    return super.now()
  }
}

t.test('sidecar: the certificate is renewed while it runs, and /metrics follows', async (t) => {
  const clock = new FragileClock(new Date())
  const { port, lines } = await started(t, { clock })
  const certificate = async () => {
    const client = await secured(port)
    const found = (client.socket as TLSSocket).getPeerX509Certificate() as X509Certificate
    client.socket.destroy()
    return found
  }
  const remaining = async () => {
    const client = await secured(port)
    client.send(request('GET /metrics', 'Connection: close\r\n'))
    const [, seconds] = /^assay_certificate_remaining_seconds (\S+)$/m.exec(await client.all) ?? []
    return Number(seconds)
  }
  clock.broken = true
  await clock.pass(60_000)
  while (!lines.some(({ msg }) => /^certificate not renewed/.test(String(msg)))) await settled()
  clock.broken = false
  const first = await certificate()
  const before = await remaining()
  t.ok(before > 80_000 && before <= 86_400)
  await clock.pass(16 * 3_600_000)
  while (!lines.some(({ msg }) => msg === 'certificate renewed')) await settled()
  const second = await certificate()
  t.not(second.serialNumber, first.serialNumber)
  t.ok(second.publicKey.equals(first.publicKey))
  t.ok((await remaining()) > 80_000)
})

t.test('sidecar: closing answers what is queued, and lets go of the platform', async (t) => {
  const open: (() => void)[] = []
  const hardware = { before: () => new Promise<void>((resolve) => open.push(resolve)) }
  const { sidecar, port, platform } = await started(t, {}, hardware)
  const clients = await Promise.all([secured(port), secured(port), secured(port)])
  const idle = await secured(port)
  for (const client of clients) client.send(post(NONCE))
  while (open.length === 0) await settled()
  await new Promise((resolve) => setTimeout(resolve, 20))
  const closed = sidecar.close()
  await idle.all
  await t.rejects(secured(port), 'nobody new')
  const answering = setInterval(() => open.shift()?.(), 1)
  for (const client of clients) t.match(await client.all, /^HTTP\/1.1 200 OK/)
  await closed
  clearInterval(answering)
  t.equal(platform.closed, true)
})

t.test('sidecar: closing does not wait for a device that never answers', async (t) => {
  const clock = new HandClock(new Date())
  const hardware = { before: () => new Promise<void>(() => {}) }
  const { sidecar, port, platform, lines } = await started(
    t,
    { clock, deadlineMs: 5_000 },
    hardware,
  )
  const client = await secured(port)
  client.send(post(NONCE))
  while (platform.asked.length === 0) await settled()
  const closed = sidecar.close()
  await settled()
  await clock.pass(5_001)
  await closed
  await client.all
  t.ok(lines.some(({ msg }) => msg === 'shut down before every request had its answer'))
})

t.test('sidecar: connections above the cap are refused with one line in a while', async (t) => {
  const clock = new HandClock(new Date())
  const hardware = { before: () => new Promise<void>(() => {}) }
  const { port, lines, platform } = await started(t, { clock, maxConnections: 1 }, hardware)
  const busy = await secured(port)
  busy.send(post(NONCE))
  while (platform.asked.length === 0) await settled()
  for (let at = 0; at < 5; at++) await t.rejects(secured(port))
  await clock.pass(10_000)
  await clock.pass(10_000)
  t.match(
    lines.filter(({ msg }) => /refused: none/.test(String(msg))),
    [
      { count: 1, most: 1 },
      { count: 4, most: 1 },
    ],
  )
})

t.test('sidecar: a flood on one connection is no work for the device', async (t) => {
  const { port, platform } = await started(t)
  const flood = await secured(port)
  flood.send(post(NONCE).repeat(65))
  await flood.all
  const { socket } = await secured(port)
  socket.destroy()
  t.ok(platform.asked.length <= 64)
  t.equal(platform.overlap <= 1, true)
})

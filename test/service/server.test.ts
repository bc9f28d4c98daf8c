// SPDX-License-Identifier: Apache-2.0
// The limits of the server, with real sockets and limits so small that nobody waits.

import type { RequestListener } from 'node:http'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import {
  connectionsFor,
  createServer,
  renew,
  type ServerLimits,
  serverLimits,
} from '../../src/service/server.js'
import { issue, mintKeys } from '../../src/sidecar/tls.js'
import { HandClock, settled } from './hand-clock.js'
import { listening, request, secured, tcp } from './sockets.js'

const MIB = 0x100000
const { tls: key } = await mintKeys()
const now = new Date()
const credentials = await issue(key, now)

const answerOk: RequestListener = (_request, response) => response.end('ok')
const answerBody: RequestListener = (request, response) =>
  request.resume().on('end', () => response.end('ok'))

async function served(
  t: Test,
  limits: Partial<ServerLimits> = {},
  listener: RequestListener = answerOk,
  plain = false,
) {
  const clock = new HandClock()
  const events: string[] = []
  const all = { ...serverLimits(30_000, 16), checkMs: 10, ...limits }
  const { server, connections } = createServer(plain ? null : credentials, all, clock, {
    malformed: (status, code) => events.push(`${status} ${code}`),
    refused: () => events.push('refused'),
  })
  server.on('request', listener)
  const port = await listening(server)
  t.teardown(() => {
    connections.close()
    connections.destroy()
    server.close()
  })
  return { server, connections, clock, events, port }
}

t.test('server: TLS 1.2 and 1.3, nothing older', async (t) => {
  const { port } = await served(t)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { socket } = await secured(port, { minVersion: version, maxVersion: version })
    t.equal((socket as TLSSocket).getProtocol(), version)
    socket.destroy()
  }
  await t.rejects(
    secured(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  )
})

t.test('server: what is not HTTP gets one line with its code', async (t) => {
  const { port, events } = await served(t)
  const table: [sent: string, status: string][] = [
    ['\x16\x03\x01 nonsense\r\n\r\n', '400 Bad Request'],
    ['GET / HTTP/9.9\r\n\r\n', '400 Bad Request'],
    [request('POST /', 'Content-Length: 1\r\nContent-Length: 2\r\n'), '400 Bad Request'],
    [request('POST /', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'), '400 Bad Request'],
    [request('GET /', `X: ${'x'.repeat(0x2000)}\r\n`), '431 Request Header Fields Too Large'],
    [request(`GET /${'x'.repeat(0x2000)}`), '431 Request Header Fields Too Large'],
  ]
  for (const [sent, status] of table) {
    const client = await secured(port)
    client.send(sent)
    const [head = '', body] = (await client.all).split('\r\n\r\n')
    t.equal(head.split('\r\n')[0], `HTTP/1.1 ${status}`)
    t.match(head, /\r\nContent-Type: text\/plain; charset=utf-8\r\n/)
    t.match(head, /\r\nConnection: close\r\n/)
    t.match(body, /^ERR_REQUEST_HTTP: [^\n]+\n$/)
    t.match(head, `Content-Length: ${body?.length}`)
  }
  t.equal(events.length, table.length)
  for (const event of events) t.match(event, /^4\d\d HPE_/)
})

t.test('server: slow headers and slow bodies are ended with 408', async (t) => {
  const { port, events } = await served(t, { headersMs: 50, requestMs: 50 }, answerBody)
  for (const sent of [
    'GET / HTTP/1.1\r\nHost: ',
    request('POST /', 'Content-Length: 9\r\n', 'x'),
  ]) {
    const client = await secured(port)
    client.send(sent)
    t.match(await client.all, /^HTTP\/1.1 408 Request Timeout\r\n[\s\S]*ERR_REQUEST_HTTP: /)
  }
  t.same(events, ['408 ERR_HTTP_REQUEST_TIMEOUT', '408 ERR_HTTP_REQUEST_TIMEOUT'])
})

t.test('server: who says nothing is ended, before and after the handshake', async (t) => {
  const { port, connections } = await served(t, { handshakeMs: 50, headersMs: 50, requestMs: 50 })
  const silent = await tcp(port)
  t.equal(await silent.all, '')
  const shy = await secured(port)
  await shy.all
  while (connections.counts.open > 0) await settled()
  t.pass('ended')
})

t.test('server: a handshake that drips is ended too', async (t) => {
  const { port } = await served(t, { handshakeMs: 100 })
  const client = await tcp(port)
  const hello = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
  const timer = setInterval(() => client.send(hello[0] as string), 20)
  await client.all
  clearInterval(timer)
  t.pass('ended')
})

t.test('server: a connection without a further request is ended', async (t) => {
  const { port } = await served(t, { keepAliveMs: 50 })
  const client = await secured(port)
  client.send(request('GET /'))
  await client.until('ok')
  t.match(await client.all, /^HTTP\/1.1 200 OK/)
})

t.test(
  'server: who hangs up is no event, and nothing is written to who speaks no TLS',
  async (t) => {
    const { port, events, connections } = await served(t)
    const plain = await tcp(port)
    plain.send(request('GET /'))
    t.notMatch(await plain.all, /HTTP/)
    const client = await secured(port)
    client.send('GET / HT')
    await settled()
    client.socket.destroy()
    await client.all
    while (connections.counts.open > 0) await settled()
    t.same(events, [])
  },
)

t.test('server: nonsense after a request does not become its answer', async (t) => {
  const { port, events } = await served(t, {}, () => {})
  const client = await secured(port)
  client.send(`${request('GET /')}nonsense\r\n\r\n`)
  t.equal(await client.all, '')
  t.same(events, [])
})

t.test('server: an answer that nobody takes, or that never comes, ends', async (t) => {
  const { port, clock } = await served(t, { answerMs: 5_000 }, () => {})
  const client = await secured(port)
  client.send(request('GET /'))
  const other = await secured(port)
  other.send(request('POST /', 'Content-Length: 1\r\n'))
  await new Promise((resolve) => setTimeout(resolve, 20))
  await clock.pass(4_000)
  t.equal(client.socket.closed, false)
  await clock.pass(2_000)
  t.equal(await client.all, '')
  t.equal(other.socket.closed, false, 'this one has not asked yet')
})

t.test('server: a renewed certificate is seen by new connections, old ones go on', async (t) => {
  const { port, server } = await served(t)
  const old = await secured(port)
  renew(server, await issue(key, new Date(now.getTime() + 1000)))
  const fresh = await secured(port)
  const serial = ({ socket }: typeof old) => (socket as TLSSocket).getPeerCertificate().serialNumber
  t.not(serial(fresh), serial(old))
  for (const client of [old, fresh]) {
    client.send(request('GET /'))
    t.match(await client.until('ok'), /^HTTP\/1.1 200 OK/)
  }
  await t.rejects(
    secured(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  )
})

t.test('server: over plain HTTP the same limits hold', async (t) => {
  const { port, connections } = await served(t, { headersMs: 50, requestMs: 50 }, answerOk, true)
  const client = await tcp(port)
  client.send('GET / HTTP/1.1\r\n')
  t.match(await client.all, /^HTTP\/1.1 408 /)
  const other = await tcp(port)
  other.send(request('GET /', 'Connection: close\r\n'))
  t.match(await other.all, /ok$/)
  while (connections.counts.open > 0) await settled()
})

t.test('server: the memory of the process decides how many connections there may be', async (t) => {
  const plenty = 4096 * MIB
  t.equal(connectionsFor(0, plenty), 8192)
  t.equal(connectionsFor(undefined, plenty), 8192)
  t.equal(connectionsFor(2 ** 64, plenty), 8192)
  t.equal(connectionsFor(32 * MIB, plenty), 64)
  t.equal(connectionsFor(64 * MIB, plenty), 320)
  t.equal(connectionsFor(128 * MIB, plenty), 1344)
  t.equal(connectionsFor(undefined, 30 * MIB), 512)
  t.equal(connectionsFor(64 * MIB, 30 * MIB), 320)
  t.equal(connectionsFor(64 * MIB, 8 * MIB), 64)
})

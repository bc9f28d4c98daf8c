// SPDX-License-Identifier: Apache-2.0

import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { createServer, serverLimits } from '../../src/service/server.js'
import { issue, mintKeys } from '../../src/sidecar/tls.js'
import { HandClock, settled } from './hand-clock.js'
import { listening, type Raw, request, secured, tcp } from './sockets.js'

const { tls: key } = await mintKeys()
const credentials = await issue(key, new Date())

/** A server that answers when it is told to. */
async function crowd(t: Test, most: number, plain = false) {
  const clock = new HandClock()
  const waiting: ServerResponse[] = []
  const refused = { count: 0 }
  const { server, connections } = createServer(
    plain ? null : credentials,
    serverLimits(30_000, most),
    clock,
    { malformed: () => {}, refused: () => refused.count++ },
  )
  server.on('request', (request, response) => {
    request.resume()
    waiting.push(response)
  })
  const port = await listening(server)
  t.teardown(() => {
    connections.close()
    connections.destroy()
    server.close()
  })
  const ask = async (client: Raw) => {
    const before = waiting.length
    client.send(request('GET /'))
    while (waiting.length === before) await settled()
  }
  const until = async (done: () => boolean) => {
    while (!done()) await settled()
  }
  return { connections, waiting, refused, port, ask, until, clock, server }
}

t.test('connections: a newcomer ends the one that has been idle longest', async (t) => {
  const { connections, waiting, port, ask } = await crowd(t, 3)
  const busy = await secured(port)
  await ask(busy)
  const first = await secured(port)
  const second = await secured(port)
  const third = await secured(port)
  t.equal(await first.all, '')
  t.same(connections.counts, { open: 3, evicted: 1, refused: 0 })
  await ask(second)
  const fourth = await secured(port)
  await third.all
  t.equal(second.socket.closed, false, 'it has asked')
  for (const response of waiting) response.end('answer')
  await busy.until('answer')
  await second.until('answer')
  t.same(connections.counts, { open: 3, evicted: 2, refused: 0 })
  t.equal(fourth.socket.closed, false)
})

t.test('connections: who is answered becomes the youngest of those who are idle', async (t) => {
  const { waiting, port, ask } = await crowd(t, 2)
  const older = await secured(port)
  const younger = await secured(port)
  await ask(older)
  waiting[0]?.end('answer')
  await older.until('answer')
  await settled()
  await secured(port)
  await younger.all
  t.equal(older.socket.closed, false)
})

t.test(
  'connections: where all are being answered, a newcomer is refused and counted',
  async (t) => {
    const { connections, refused, port, ask } = await crowd(t, 1)
    const busy = await secured(port)
    await ask(busy)
    await t.rejects(secured(port))
    t.equal(await tcp(port).then(({ all }) => all), '')
    t.equal(refused.count, 2)
    t.same(connections.counts, { open: 1, evicted: 0, refused: 2 })
  },
)

t.test('connections: who sends a body slowly can be ended, who has sent it cannot', async (t) => {
  const { connections, port, until } = await crowd(t, 2)
  const slow = await secured(port)
  slow.send(request('POST /', 'Content-Length: 2\r\n', 'x'))
  const whole = await secured(port)
  whole.send(request('POST /', 'Transfer-Encoding: chunked\r\n', '1\r\nx\r\n0\r\n\r\n'))
  await until(() => connections.counts.open === 2)
  await settled()
  await secured(port)
  await slow.all
  t.equal(whole.socket.closed, false)
})

t.test('connections: a burst of arrivals is counted at once', async (t) => {
  const { connections, port, until } = await crowd(t, 4)
  const clients = await Promise.all(Array.from({ length: 40 }, () => tcp(port)))
  await until(() => connections.counts.evicted === 36)
  t.equal(connections.counts.open, 4)
  for (const { socket } of clients) socket.destroy()
  await until(() => connections.counts.open === 0)
})

t.test(
  'connections: pipelined requests are one after the other, and each has its time',
  async (t) => {
    const { connections, waiting, port, ask, until, clock } = await crowd(t, 2)
    const client = await secured(port)
    client.send(request('GET /').repeat(2))
    await until(() => waiting.length === 2)
    await clock.pass(30_000)
    waiting[0]?.end('first')
    await client.until('first')
    await ask(await secured(port))
    await clock.pass(30_000)
    t.equal(client.socket.closed, false)
    await t.rejects(secured(port), 'it is still being answered')
    await clock.pass(11_000)
    await client.all
    t.equal(connections.counts.open, 0)
  },
)

t.test('connections: a flood on one ends it before it costs, and no other', async (t) => {
  for (const plain of [false, true]) {
    const { waiting, port, until, connections } = await crowd(t, 1000, plain)
    const connect = plain ? tcp : secured
    const sensible = await connect(port)
    sensible.send(request('GET /').repeat(64))
    await until(() => waiting.length === 64)
    const flood = await connect(port)
    flood.send(request('GET /').repeat(300))
    t.equal(await flood.all, '')
    t.equal(waiting.length, 64 + 65, 'the rest of what was read is not looked at')
    for (const response of waiting) response.end('answer')
    await until(() => sensible.soFar().split('answer').length === 65)
    await until(() => connections.counts.open === 1)
  }
})

t.test('connections: several requests of one live on what the others leave', async (t) => {
  const { waiting, port, ask, until, connections } = await crowd(t, 4)
  const greedy = await secured(port)
  greedy.send(request('GET /').repeat(3))
  await until(() => waiting.length === 3)
  const modest = await secured(port)
  await ask(modest)
  const other = await secured(port)
  await ask(other)
  t.equal(greedy.socket.closed, false, 'who has one has room in any case')
  greedy.send(request('GET /'))
  t.equal(await greedy.all, '')
  await until(() => connections.counts.open === 2)
  modest.send(request('GET /').repeat(2))
  await until(() => waiting.length === 8)
  t.equal(modest.socket.closed, false, 'it has the room of the one that was ended')
  for (const response of waiting) response.end('answer')
  await until(() => modest.soFar().split('answer').length === 4)
  modest.send(request('GET /').repeat(4))
  await until(() => waiting.length === 12)
  t.equal(modest.socket.closed, false, 'what has been answered takes no room')
})

t.test('connections: who asks again before its answer is reported as sent is let be', async (t) => {
  const { waiting, port, ask } = await crowd(t, 2)
  const clients = [await secured(port), await secured(port)]
  for (const client of [...clients, ...clients]) await ask(client)
  t.equal(waiting.length, 4)
  for (const { socket } of clients) t.equal(socket.closed, false)
  const [third] = clients as [Raw]
  third.send(request('GET /'))
  t.equal(await third.all, '')
})

t.test('connections: a body that ends after its answer leaves its connection idle', async (t) => {
  const { waiting, port, until, clock, server } = await crowd(t, 2)
  let ended = false
  server.on('request', (request) => request.on('end', () => (ended = true)))
  const client = await secured(port)
  client.send(request('GET /', 'Content-Length: 1\r\n'))
  await until(() => waiting.length === 1)
  waiting[0]?.end('answer')
  await client.until('answer')
  await settled()
  client.send('x')
  await until(() => ended)
  await clock.pass(60_000)
  t.equal(client.socket.closed, false)
})

t.test(
  'connections: closing ends the idle at once and the others after their answer',
  async (t) => {
    for (const plain of [false, true]) {
      const { connections, waiting, port, ask, until, server } = await crowd(t, 4, plain)
      const connect = plain ? tcp : secured
      const busy = await connect(port)
      const idle = await connect(port)
      await ask(busy)
      const closed = new Promise((resolve) => server.close(resolve))
      connections.close()
      await idle.all
      t.equal(busy.socket.closed, false)
      waiting[0]?.end('the last answer')
      t.match(await busy.all, /the last answer$/)
      await closed
      await until(() => connections.counts.open === 0)
    }
  },
)

t.test('connections: those that are left can be ended without an answer', async (t) => {
  const { connections, port, ask } = await crowd(t, 4)
  const busy = await secured(port)
  await ask(busy)
  connections.destroy()
  t.equal(await busy.all, '')
})

t.test('connections: sockets that did not come in through the server are left alone', async (t) => {
  const { connections, server, waiting } = await crowd(t, 1)
  const stranger = new Socket()
  server.emit('secureConnection', stranger)
  const request = new IncomingMessage(stranger)
  server.emit('request', request, new ServerResponse(request))
  t.equal(waiting.length, 1)
  t.equal(connections.isAnswering(stranger), false)
  t.same(connections.counts, { open: 0, evicted: 0, refused: 0 })
})

t.test('connections: who has been ended is not counted again when its body ends', async (t) => {
  const { connections, port, server, until } = await crowd(t, 1)
  const asked: IncomingMessage[] = []
  server.on('request', (request) => asked.push(request))
  const slow = await secured(port)
  slow.send(request('POST /', 'Content-Length: 2\r\n', 'x'))
  await until(() => asked.length === 1)
  const other = await secured(port)
  asked[0]?.emit('end')
  await slow.all
  const late = new IncomingMessage((asked[0] as IncomingMessage).socket)
  server.emit('request', late, new ServerResponse(late))
  t.same(connections.counts, { open: 1, evicted: 1, refused: 0 })
  t.equal(other.socket.closed, false)
})

t.test('connections: an answer without an end has no deadline, once that is said', async (t) => {
  const { connections, waiting, port, ask, clock, server } = await crowd(t, 2, true)
  const sockets: Socket[] = []
  server.on('request', ({ socket }) => sockets.push(socket))
  const endless = await tcp(port)
  await ask(endless)
  const other = await tcp(port)
  await ask(other)
  connections.release(sockets[0] as Socket)
  connections.release(new Socket())
  await clock.pass(60_000)
  await other.all
  t.equal(endless.socket.closed, false)
  waiting[0]?.end('answer')
  await endless.until('answer')
  await tcp(port)
  await tcp(port)
  await endless.all
  t.equal(connections.counts.evicted, 1, 'then it is idle as any other')
})

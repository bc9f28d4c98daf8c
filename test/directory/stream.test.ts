// SPDX-License-Identifier: Apache-2.0

import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { DirectoryState } from '../../src/directory/state.js'
import { type Listening, type StreamOptions, Streams } from '../../src/directory/stream.js'
import { leaseKey } from '../../src/discovery/index.js'
import { ManualClock } from '../fake/sidecar-clock.js'
import { settled } from '../service/hand-clock.js'
import { request, tcp } from '../service/sockets.js'
import { LEASE, world } from './app-world.js'
import { hints, leaseId, ownerOf } from './leases.js'

/** A response whose reader takes what it is told to. */
class Reader extends EventEmitter {
  text = ''
  ended = false
  destroyed = false
  taking = true

  write(text: string): boolean {
    this.text += text
    return this.taking
  }

  end(): void {
    this.ended = true
    this.emit('close')
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }

  take(): void {
    this.taking = true
    this.emit('drain')
  }

  /** Of the events so far: kind, and dseq of the lease. */
  get events(): string[] {
    return this.text
      .split('\n\n')
      .filter((block) => block.includes('data: '))
      .map((block) => {
        const [, kind] = /^event: (.*)$/m.exec(block) ?? []
        const data = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '')
        if (kind !== 'lease') return `${kind}`
        return `${data.etag === null ? '-' : '+'}${data.lease.split('/')[1]}`
      })
  }

  get lastId(): string {
    return [...this.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] as string
  }
}

function streams(t: Test, options: Partial<StreamOptions> = {}) {
  const state = new DirectoryState()
  const clock = new ManualClock()
  const hub = new Streams({ state, clock, epoch: 'e1', ...options })
  t.teardown(() => hub.close())
  const listen = (listening: Partial<Listening> = {}): Reader => {
    const reader = new Reader()
    const all = { owner: null, lastEventId: null, subscriber: '192.0.2.1', ...listening }
    hub.add(reader as unknown as ServerResponse, all)
    return reader
  }
  const set = (dseq: number, number = 0) =>
    state.setLease(hints(leaseId(dseq, { owner: ownerOf(number) })))
  return { state, clock, hub, listen, set }
}

const flush = (clock: ManualClock) => clock.advance(20)

t.test('stream: changes as they happen, those that follow on each other together', async (t) => {
  const { state, clock, listen, set } = streams(t)
  set(1)
  const reader = listen()
  t.match(reader.text, /^retry: 3000\nid: e1\.0\n\n$/, 'where it can go on')
  set(2)
  set(3)
  state.deleteLease(leaseId(2))
  t.same(reader.events, [], 'not yet')
  flush(clock)
  t.same(reader.events, ['+2', '+3', '-2'])
  const { etag } = state.lease(leaseKey(leaseId(3))) ?? {}
  t.match(
    reader.text,
    `id: e1.2\nevent: lease\ndata: ${JSON.stringify({ lease: leaseKey(leaseId(3)), etag })}\n\n`,
  )
  set(4)
  flush(clock)
  t.same(reader.events, ['+2', '+3', '-2', '+4'])
})

t.test('stream: of one owner, or of all', async (t) => {
  const { clock, listen, set } = streams(t)
  const first = listen({ owner: ownerOf(1) })
  const all = listen()
  set(1, 0)
  set(2, 1)
  flush(clock)
  t.same(first.events, ['+2'])
  t.same(all.events, ['+1', '+2'])
  t.match(first.text, /^retry: 3000\n\n/, 'nothing has happened yet')
})

t.test('stream: whoever was gone goes on where they were', async (t) => {
  const { clock, hub, listen, set } = streams(t)
  set(1)
  const reader = listen()
  set(2)
  flush(clock)
  reader.destroy()
  t.equal(hub.open, 0)
  set(3)
  set(4)
  t.same(listen({ lastEventId: reader.lastId }).events, ['+3', '+4'])
  t.same(listen({ lastEventId: 'e1.3' }).events, [], 'nothing was missed')
})

t.test('stream: whoever may have missed something is told to look again', async (t) => {
  const { clock, listen, set } = streams(t, { recorded: 4 })
  for (let dseq = 1; dseq <= 20; dseq++) set(dseq)
  const lost = ['e2.18', 'e1.20', 'e1.3', 'e1', '', 'x'.repeat(100), 'e1.-1', 'e1.9999999999999999']
  const readers = lost.map((lastEventId) => listen({ lastEventId }))
  for (const reader of readers) {
    t.same(reader.events, ['reset'])
    t.equal(reader.lastId, 'e1.19')
  }
  set(21)
  flush(clock)
  for (const { events } of readers) t.same(events, ['reset', '+21'], 'and goes on')
})

t.test('stream: a reader that is slow costs nothing, and catches up', async (t) => {
  const { clock, listen, set } = streams(t, { recorded: 1000 })
  const slow = listen()
  const quick = listen()
  slow.taking = false
  for (let dseq = 1; dseq <= 500; dseq++) set(dseq)
  flush(clock)
  t.equal(quick.events.length, 500)
  const length = slow.text.length
  t.ok(length < 0x4000 + 1000, 'one piece was written, and no more')
  for (let dseq = 501; dseq <= 600; dseq++) set(dseq)
  flush(clock)
  t.equal(slow.text.length, length)
  slow.take()
  t.same(slow.events, quick.events)
  slow.taking = false
  for (let dseq = 1001; dseq <= 4000; dseq++) set(dseq)
  flush(clock)
  slow.take()
  t.equal(slow.events.at(-1), 'reset', 'too far behind')
})

t.test('stream: heartbeats carry the place, and end those that take nothing', async (t) => {
  const { clock, hub, listen, set } = streams(t)
  const other = listen({ owner: ownerOf(1) })
  const dead = listen()
  const late = listen()
  set(1)
  dead.taking = false
  late.taking = false
  flush(clock)
  clock.advance(15_000)
  t.match(other.text, /: still here\nid: e1\.0\n\n$/)
  t.notOk(dead.destroyed)
  late.take()
  clock.advance(15_000)
  t.ok(dead.destroyed)
  t.notOk(late.destroyed)
  t.equal(hub.open, 2)
})

t.test('stream: so many listen, and so many from one address', async (t) => {
  const { hub, listen } = streams(t, { most: 3, mostOfAddress: 2 })
  const first = listen()
  listen()
  t.notOk(hub.hasRoom('192.0.2.1'))
  t.ok(hub.hasRoom('192.0.2.2'))
  first.destroy()
  first.emit('close')
  t.ok(hub.hasRoom('192.0.2.1'))
  listen()
  listen({ subscriber: '192.0.2.2' })
  t.notOk(hub.hasRoom('192.0.2.3'))
})

t.test('stream: closing ends all, and nothing is left', async (t) => {
  const { clock, hub, listen, set } = streams(t)
  const reader = listen()
  hub.close()
  t.ok(reader.ended)
  set(1)
  t.same(reader.events, [])
  t.equal(clock.pending, 0)
})

t.test('stream: over HTTP, past proxies, until the directory ends', async (t) => {
  const released: unknown[] = []
  const { app, state, clock } = world(t, {
    release: (socket) => released.push(socket),
    mostStreams: 1,
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const client = await tcp(port)
  client.send(request(`GET /v1/stream?owner=${LEASE.owner}`, 'Last-Event-ID: other.7\r\n'))
  await client.until('reset')
  const head = client.soFar()
  for (const line of [
    /^HTTP\/1\.1 200 OK\r\n/,
    /\r\ncontent-type: text\/event-stream\r\n/i,
    /\r\ncache-control: no-store\r\n/i,
    /\r\nx-accel-buffering: no\r\n/i,
    /\r\naccess-control-allow-origin: \*\r\n/i,
  ]) {
    t.match(head, line)
  }
  t.equal(released.length, 1)
  state.deleteLease(LEASE)
  flush(clock)
  await client.until('"etag":null')
  const full = await app.inject('/v1/stream')
  t.match(full.json(), { status: 503, code: 'ERR_STREAMS_FULL' })
  t.match((await app.inject('/metrics')).body, /^assay_directory_streams 1$/m)
  const closed = app.close()
  await client.all
  await closed
  await settled()
})

t.test('stream: behind a server of somebody else', async (t) => {
  const { app } = world(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const client = await tcp(port)
  client.send(request('GET /v1/stream'))
  await client.until('retry: 3000')
  await app.close()
  await client.all
  t.pass('it ends with the application')
})

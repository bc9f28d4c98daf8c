// SPDX-License-Identifier: Apache-2.0

import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { world } from './app-world.js'

t.test('in flight: a flood on one connection ends it, and no other', async (t) => {
  const { app } = await world(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const open = async () => {
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    const chunks: string[] = []
    socket.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
    // The end is a reset where the server has not read everything.
    socket.on('error', () => {})
    await once(socket, 'connect')
    return { socket, received: () => chunks.join('') }
  }
  const head = 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'
  const [sensible, flood] = [await open(), await open()]
  flood.socket.write(head.repeat(500))
  await once(flood.socket, 'close')
  sensible.socket.write(head.repeat(10))
  const answers = () => sensible.received().match(/^HTTP\/1\.1 200 OK/gm)?.length ?? 0
  while (answers() < 10) await once(sensible.socket, 'data')
  t.equal(answers(), 10)
  t.ok((flood.received().match(/^HTTP/gm)?.length ?? 0) < 100)
})

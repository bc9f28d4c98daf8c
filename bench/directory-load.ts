// SPDX-License-Identifier: Apache-2.0
// A lean load of GET over plain HTTP, one request under way on each connection. As a program, it takes
// one `Reads` from its parent process and answers with what came back.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { AnswerReader } from './load-reader.js'
import { Tally } from './load-tally.js'

export interface Reads {
  readonly port: number
  /** Taken in turns. */
  readonly paths: readonly string[]
  /** A line of the head, with its end, or nothing. */
  readonly header: string
  readonly connections: number
  readonly warmUp: number
  readonly seconds: number
}

async function open({ port, paths, header }: Reads, first: number, tally: Tally): Promise<Socket> {
  let turn = first
  let at = 0
  const buffer = Buffer.alloc(0x10000)
  const ask = () => {
    const path = paths[turn++ % paths.length]
    at = performance.now()
    socket.write(`GET ${path} HTTP/1.1\r\nHost: directory\r\n${header}\r\n`, 'latin1')
  }
  const reader = new AnswerReader(
    () => false,
    (status, length) => {
      tally.count(status, length, at, performance.now())
      ask()
    },
  )
  const callback = (count: number): boolean => {
    reader.read(buffer.subarray(0, count))
    return true
  }
  const socket = connect({ port, host: '127.0.0.1', onread: { buffer, callback } })
  socket.setNoDelay(true)
  await once(socket, 'connect')
  socket.on('error', () => {})
  ask()
  return socket
}

process.once('message', async (reads: Reads) => {
  const tally = new Tally(0)
  const sockets = await Promise.all(
    Array.from({ length: reads.connections }, (_, at) => open(reads, at * 37, tally)),
  )
  tally.begin(performance.now() + reads.warmUp * 1000)
  await pause((reads.warmUp + reads.seconds) * 1000)
  const loaded = tally.summary(performance.now())
  for (const socket of sockets) socket.destroy()
  process.send?.(loaded, () => process.disconnect())
})

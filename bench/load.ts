// SPDX-License-Identifier: Apache-2.0
// A lean load generator: many connections, each with a fixed number of requests under way, and a nonce
// of its own in every request. As a program, it takes one `Load` from its parent process and answers
// with what came back.

import { randomFillSync } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { Connection, type Requests } from './load-connection.js'
import { type Loaded, Tally } from './load-tally.js'

/** What to send, to whom, and for how long. */
export interface Load extends Requests {
  readonly connections: number
  /** Answers of the first so many seconds are not counted. */
  readonly warmUp: number
  readonly seconds: number
  /** How many whole answers to keep. */
  readonly sample: number
}

/** Handshakes at once. */
const OPENING = 32
const POOL_LEN = 0xc000

/** Nonces, base64, cut from one buffer that is filled again when it is used up. */
function nonces(length: number): () => string {
  const pool = Buffer.alloc(POOL_LEN - (POOL_LEN % length))
  let at = pool.length
  return () => {
    if (at === pool.length) {
      randomFillSync(pool)
      at = 0
    }
    at += length
    return pool.toString('base64', at - length, at)
  }
}

async function run(load: Load): Promise<Loaded> {
  const tally = new Tally(load.sample)
  const nonce = nonces(load.nonceLength)
  const waiting = Array.from({ length: load.connections }, () => new Connection(load, nonce, tally))
  const connections = [...waiting]
  const opener = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) await next.open()
  }
  await Promise.all(Array.from({ length: OPENING }, opener))
  for (const connection of connections) connection.start()
  tally.begin(performance.now() + load.warmUp * 1000)
  await pause((load.warmUp + load.seconds) * 1000)
  const loaded = tally.summary(performance.now())
  for (const connection of connections) connection.close()
  return loaded
}

process.once('message', async (load: Load) => {
  const loaded = await run(load)
  process.send?.(loaded, () => process.disconnect())
})

// SPDX-License-Identifier: Apache-2.0
// How long from the start of the process to its first evidence?

import { request } from 'node:https'
import { performance } from 'node:perf_hooks'
import { BATCH } from './asks.js'
import { spread } from './contest.js'
import { between, ms, type Section } from './report.js'
import type { Workshop } from './servers.js'
import type { Effort } from './throughput.js'

const STARTS = 11
const BAR_MS = 400

export async function* start(workshop: Workshop, _effort: Effort): AsyncGenerator<Section> {
  const times: number[] = []
  for (let i = 0; i < STARTS; i++) {
    const server = await workshop.sidecar()
    const listening = performance.now()
    while (!(await answers(server.port)));
    times.push(server.startedMs + performance.now() - listening)
    await server.stop()
  }
  const time = spread(times)
  yield {
    title: 'start',
    figures: [
      {
        name: 'to the first evidence',
        value: between(ms, time),
        bar: `≤ ${BAR_MS} ms`,
        met: time.median <= BAR_MS,
      },
    ],
  }
}

/** Whether there is evidence to be had. */
function answers(port: number): Promise<boolean> {
  const { path, before, after, nonceLength } = BATCH
  return new Promise((resolve, reject) => {
    const options = { port, path, method: 'POST', rejectUnauthorized: false, agent: false } as const
    const headers = { 'content-type': 'application/json' }
    const body = before + Buffer.alloc(nonceLength).toString('base64') + after
    request({ ...options, host: '127.0.0.1', headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode === 200))
    })
      .once('error', reject)
      .end(body)
  })
}

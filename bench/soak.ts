// SPDX-License-Identifier: Apache-2.0
// Half an hour of good and bad traffic: does anything grow, is anybody left without an answer?
//
//   npm run soak -- --minutes 30

import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { BATCH, RAW, verified } from './asks.js'
import { hostile } from './hostile.js'
import type { Load } from './load.js'
import type { Loaded } from './load-tally.js'
import { setting } from './print.js'
import { type Figure, mib, perSecond, table } from './report.js'
import type { ServerProcess } from './server-process.js'
import { send, Workshop } from './servers.js'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } })
const seconds = Number(values.minutes) * 60
/** What the first part of the time shows is what the rest is measured against. */
const SETTLING = 0.2
const SAMPLES = 120
/** How much more than at first there may be in the end. */
const GROWTH = 1.1
const WARM_UP = 2
const REST_MS = 3000

const here = setting(new Date())
console.log(`${here.machine}; Node ${here.node}; ${here.date}; commit ${here.commit}\n`)
const workshop = await Workshop.open()
const server = await workshop.sidecar()
const idleFiles = server.openFiles()
const memory: number[] = []
const watching = watch(server, memory)
const stop = new AbortController()
const bad = hostile(server.port, stop.signal)
const [batch, raw] = await Promise.all([good(BATCH, 48, 0), good(RAW, 8, 1000)])
stop.abort()
const attacks = await bad
await watching
await pause(REST_MS)
const filesLeft = server.alive ? server.openFiles() - idleFiles : Number.NaN
const figures = await verdict(batch, raw)
const code = await server.stop()
figures.push({ name: 'exit code', value: `${code}`, bar: '0', met: code === 0 })
workshop.close()
console.log(table({ title: `soak of ${values.minutes} minutes`, figures }))
if (figures.some(({ met }) => met === false)) process.exitCode = 1

/** Traffic that deserves answers. */
function good(ask: typeof BATCH, connections: number, patience: number): Promise<Loaded> {
  const load: Load = {
    ...ask,
    port: server.port,
    connections,
    depth: 1,
    patience,
    warmUp: WARM_UP,
    seconds,
    sample: 100,
  }
  return send(load)
}

async function watch(watched: ServerProcess, into: number[]): Promise<void> {
  for (let i = 0; i < SAMPLES && watched.alive; i++) {
    await pause((seconds * 1000) / SAMPLES)
    into.push(watched.anonymous())
  }
}

async function verdict(ours: Loaded, theirs: Loaded): Promise<Figure[]> {
  const settled = memory.slice(Math.floor(SAMPLES * SETTLING))
  const [half] = [Math.floor(settled.length / 2)]
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const [first, second] = [mean(settled.slice(0, half)), mean(settled.slice(half))]
  const sample = [...ours.sample, ...theirs.sample]
  const true200 = await verified(sample, workshop.machine)
  const broken = ours.broken + theirs.broken
  return [
    { name: 'batch', value: `${perSecond(ours.perSecond)} ${JSON.stringify(ours.statuses)}` },
    { name: 'raw', value: `${perSecond(theirs.perSecond)} ${JSON.stringify(theirs.statuses)}` },
    { name: 'attacks', value: JSON.stringify(attacks.tried) },
    { name: 'RssAnon, first and second half', value: `${mib(first)}, ${mib(second)}` },
    {
      name: 'growth',
      value: `${(second / first).toFixed(3)}×`,
      bar: `≤ ${GROWTH}×`,
      met: second / first <= GROWTH,
    },
    { name: 'open files left', value: `${filesLeft}`, bar: '0', met: filesLeft === 0 },
    { name: 'good connections broken', value: `${broken}`, bar: '0', met: broken === 0 },
    {
      name: 'attacks without an answer or an end',
      value: `${attacks.unanswered}`,
      bar: '0',
      met: attacks.unanswered === 0,
    },
    {
      name: 'answers verified',
      value: `${true200} of ${sample.length}`,
      bar: 'all',
      met: true200 === sample.length && true200 > 0,
    },
  ]
}

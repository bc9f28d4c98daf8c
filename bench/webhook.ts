// SPDX-License-Identifier: Apache-2.0
// Does the webhook answer in milliseconds, at a rate that no cluster has; does its memory grow; does
// anybody notice when its certificate changes? Prints the tables, and writes the figures beside this
// file; with `--print`, it only prints. `--quick` asks for a shorter time, and `--only WORD` only that
// part: steady, rotation, most or sizes.

import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { spread } from './contest.js'
import { setting } from './print.js'
import { between, type Figure, mib, ms, perSecond, type Section, table } from './report.js'
import { send } from './servers.js'
import type { ReviewBody, Reviewed } from './webhook-load.js'
import { crowded, LEASE, long, MIX } from './webhook-pods.js'
import { WebhookUnderTest } from './webhook-processes.js'

const { values } = parseArgs({
  options: {
    print: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
})
const { rounds, seconds } = values.quick ? { rounds: 2, seconds: 5 } : { rounds: 7, seconds: 20 }
const STEADY_RATE = 500
const ROTATION_RATE = 200
const P99_MOST_MS = 10
/** What the first part of the time shows is what the rest is measured against. */
const SETTLING = 0.25
const GROWTH = 1.1
const LOOK_MS = 500
const ROTATE_EVERY_MS = 1500
const KIB = 0x400
const MIB = 0x100000

async function* steady(webhook: WebhookUnderTest): AsyncGenerator<Section> {
  const memory: number[] = []
  const isOver = new AbortController()
  const watching = watch(webhook, memory, isOver.signal)
  const before = webhook.server.cpuSeconds()
  const turns: Reviewed[] = []
  for (let round = 0; round < rounds; round++) {
    const load = { bodies: MIX, rate: STEADY_RATE, warmUp: round === 0 ? 2 : 0, fresh: 0 }
    turns.push(await webhook.send({ ...load, seconds }))
  }
  isOver.abort()
  await watching
  const sent = turns.reduce((sum, turn) => sum + turn.sent, 0)
  const cpu = ((webhook.server.cpuSeconds() - before) * 1e6) / sent
  const p99 = spread(turns.map(({ times }) => times.p99))
  yield {
    title: `${STEADY_RATE} admissions/s, ${rounds} rounds of ${seconds} s`,
    figures: [
      { name: 'p50', value: between(ms, spread(turns.map(({ times }) => times.p50))) },
      {
        name: 'p99',
        value: between(ms, p99),
        bar: `≤ ${P99_MOST_MS} ms`,
        met: p99.median <= P99_MOST_MS,
      },
      { name: 'most', value: between(ms, spread(turns.map(({ times }) => times.max))) },
      { name: 'processor time of an admission', value: `${Math.round(cpu)} µs` },
      ...flat(memory),
      noneFailed(turns),
    ],
  }
}

async function watch(
  { server }: WebhookUnderTest,
  into: number[],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    into.push(server.anonymous())
    await pause(LOOK_MS)
  }
}

function flat(memory: readonly number[]): Figure[] {
  const settled = memory.slice(Math.floor(memory.length * SETTLING))
  const half = Math.floor(settled.length / 2)
  const mean = (parts: readonly number[]) => parts.reduce((a, b) => a + b, 0) / parts.length
  const [first, second] = [mean(settled.slice(0, half)), mean(settled.slice(half))]
  return [
    { name: 'RssAnon, first and second half', value: `${mib(first)}, ${mib(second)}` },
    { name: 'most RssAnon', value: mib(Math.max(...memory)) },
    {
      name: 'growth',
      value: `${(second / first).toFixed(3)}×`,
      bar: `≤ ${GROWTH}×`,
      met: second / first <= GROWTH,
    },
  ]
}

function noneFailed(turns: readonly Reviewed[]): Figure {
  const failed: Record<string, number> = {}
  for (const turn of turns) {
    for (const [what, count] of Object.entries(turn.failed)) {
      failed[what] = (failed[what] ?? 0) + count
    }
  }
  const sent = turns.reduce((sum, turn) => sum + turn.sent, 0)
  const count = Object.values(failed).reduce((a, b) => a + b, 0)
  const what = count === 0 ? '' : ` ${JSON.stringify(failed)}`
  return { name: 'failed', value: `${count} of ${sent}${what}`, bar: 'none', met: count === 0 }
}

async function* rotation(webhook: WebhookUnderTest): AsyncGenerator<Section> {
  const isOver = new AbortController()
  let rotations = 0
  const rotating = (async () => {
    while (!isOver.signal.aborted) {
      await pause(ROTATE_EVERY_MS)
      webhook.rotate()
      rotations++
    }
  })()
  const load = { bodies: MIX, rate: ROTATION_RATE, warmUp: 0, fresh: 4 }
  const turn = await webhook.send({ ...load, seconds: seconds * 2 })
  isOver.abort()
  await rotating
  yield {
    title: `${ROTATION_RATE} admissions/s, every fourth over a connection of its own, certificate rotated every ${ROTATE_EVERY_MS} ms`,
    figures: [
      { name: 'rotations', value: `${rotations}` },
      {
        name: 'certificates that clients saw',
        value: `${turn.certificates}`,
        bar: 'most of them',
        met: turn.certificates > rotations / 2,
      },
      { name: 'p99', value: ms(turn.times.p99) },
      { name: 'most', value: ms(turn.times.max) },
      noneFailed([turn]),
    ],
  }
}

/** As many as it can answer, with the load beside it on the same machine. */
async function* most(webhook: WebhookUnderTest): AsyncGenerator<Section> {
  const figures: Figure[] = []
  for (const connections of [1, 8, 32, 128]) {
    const turns = []
    for (let round = 0; round < rounds; round++) {
      const load = { connections, depth: 1, patience: 0, sample: 0, warmUp: 1 }
      const ask = { ...asNonce(LEASE), port: webhook.server.port, path: '/mutate', ...load }
      turns.push(await send({ ...ask, seconds: seconds / 4 }))
    }
    const rate = between(perSecond, spread(turns.map(({ good }) => good.perSecond)))
    const p99 = between(ms, spread(turns.map(({ good }) => good.p99)))
    const bad = turns.some(({ statuses, broken }) => broken > 0 || Object.keys(statuses).length > 1)
    figures.push({
      name: `${connections} connections`,
      value: `${rate}, p99 ${p99}`,
      ...(bad && { bar: 'nothing but 200', met: false }),
    })
  }
  yield { title: `as many as there can be, reviews of ${length(LEASE)} that are changed`, figures }
}

const asNonce = ({ before, after }: ReviewBody) => ({ before, after, nonceLength: 27 })

async function* sizes(webhook: WebhookUnderTest): AsyncGenerator<Section> {
  const figures: Figure[] = []
  for (const [name, body] of [
    ['one container', LEASE],
    ['300 containers', crowded(300)],
    ['one variable of 1 MiB', long(MIB)],
    ['one variable of 3 MiB', long(3 * MIB - 8 * KIB)],
  ] as const) {
    const load = { connections: 1, depth: 1, patience: 0, sample: 0, warmUp: 1 }
    const ask = { ...asNonce(body), port: webhook.server.port, path: '/mutate', ...load }
    const { good } = await send({ ...ask, seconds: seconds / 4 })
    figures.push({
      name: `${name}, ${length(body)}`,
      value: `p50 ${ms(good.p50)}, p99 ${ms(good.p99)}`,
    })
  }
  yield { title: 'one review after the other, by size', figures }
}

const length = ({ before, after }: ReviewBody): string =>
  `${((before.length + after.length) / KIB).toFixed(0)} KiB`

const here = setting(new Date())
console.log(`${here.machine}; Node ${here.node}; ${here.date}; commit ${here.commit}\n`)
const sections: Section[] = []
for (const [name, part] of Object.entries({ steady, rotation, most, sizes })) {
  if (values.only !== '' && name !== values.only) continue
  const webhook = await new WebhookUnderTest().start()
  try {
    for await (const section of part(webhook)) {
      console.log(`${table(section)}\n`)
      sections.push(section)
    }
  } finally {
    await webhook.stop()
  }
}
if (sections.some(({ figures }) => figures.some(({ met }) => met === false))) process.exitCode = 1
if (!values.print) {
  const results = { ...here, sections }
  writeFileSync('bench/webhook-results.json', `${JSON.stringify(results, undefined, 2)}\n`)
}

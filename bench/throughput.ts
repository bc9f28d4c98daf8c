// SPDX-License-Identifier: Apache-2.0
// How fast is the sidecar beside a bare route of the same framework, and beside its own firmware?

import { BATCH, bareLike, RAW, verified } from './asks.js'
import {
  allGood,
  contest,
  goodRate,
  type Outcome,
  type Pressure,
  p99,
  type Side,
  samples,
  spread,
  turn,
} from './contest.js'
import { between, type Figure, ms, perSecond, ratio, type Section } from './report.js'
import { FIRMWARE_MS, send, type Workshop } from './servers.js'

export interface Effort {
  readonly rounds: number
  readonly seconds: number
}

/** The bare route runs as node starts it, and so does what is compared with it. */
const PLAIN = { unlimited: true } as const

/** Of the bare route's rate. */
const BATCH_SHARE = 0.75
const QUOTE_SHARE = 0.7
/** Of the firmware's own rate. */
const FIRMWARE_SHARE = 0.97
const PERIODS_LATER = 3
const DEADLINE_MS = 30_000
const CROWD = 4096
/** A client that is refused comes back after this many milliseconds, as `retry-after` says at least. */
const POLITE_MS = 1000

/** One request under way on each connection, and enough of them that the load is not the limit. */
export const PRESSURES = [
  { connections: 64, depth: 1 },
  { connections: 64, depth: 2 },
  { connections: 256, depth: 1 },
  { connections: 256, depth: 2 },
] as const

/** The length of one answer, so that the bare route can be as long. */
export async function answerLength({ server, ask }: Side): Promise<number> {
  const once = { connections: 1, depth: 1, warmUp: 0, seconds: 0.5, sample: 0, patience: 0 }
  return (await send({ ...ask, ...once, port: server.port })).bodyLength
}

export async function* throughput(workshop: Workshop, effort: Effort): AsyncGenerator<Section> {
  yield* batch(workshop, effort)
  yield await firmwareRate(workshop, effort)
  yield* quotes(workshop, effort)
}

async function* batch(workshop: Workshop, effort: Effort): AsyncGenerator<Section> {
  const ours = { server: await workshop.sidecar(PLAIN), ask: BATCH }
  for (const pressure of PRESSURES) {
    // Paths in the trees make an answer the longer, the more requests share a report.
    const length = (await turn(ours, { ...pressure, seconds: 1 })).loaded.bodyLength
    const theirs = { server: await workshop.bare([length]), ask: bareLike(BATCH, length) }
    const outcome = await contest(ours, theirs, { ...pressure, ...effort }, effort.rounds)
    await theirs.server.stop()
    const later = p99(outcome.ours).median - p99(outcome.theirs).median
    const most = PERIODS_LATER * FIRMWARE_MS
    yield {
      title: `batch, ${described(pressure)}, firmware ${FIRMWARE_MS} ms`,
      figures: [
        ...compared(outcome, BATCH_SHARE),
        {
          name: 'p99 later than bare',
          value: ms(later),
          bar: `≤ ${most} ms`,
          met: later <= most,
        },
        {
          name: 'times one report per request',
          value: `${Math.round((goodRate(outcome.ours).median * FIRMWARE_MS) / 1000)}×`,
        },
        littlesLaw(pressure),
        await truth(workshop, outcome),
      ],
    }
  }
  await ours.server.stop()
}

async function* quotes(workshop: Workshop, effort: Effort): AsyncGenerator<Section> {
  const choice = { ...PLAIN, reportLatencyMs: 0, signed: false }
  const ours = { server: await workshop.sidecar(choice), ask: RAW }
  const length = await answerLength(ours)
  const theirs = { server: await workshop.bare([length]), ask: bareLike(RAW, length) }
  for (const connections of [64, 256]) {
    const pressure = { connections, depth: 1 }
    const outcome = await contest(ours, theirs, { ...pressure, ...effort }, effort.rounds)
    yield {
      title: `raw, ${described(pressure)}, firmware of no latency and no signature`,
      figures: compared(outcome, QUOTE_SHARE),
    }
  }
  await Promise.all([ours.server.stop(), theirs.server.stop()])
}

/** Raw mode: the firmware alone, then the sidecar, in turns; then more requests than can be served. */
async function firmwareRate(workshop: Workshop, effort: Effort): Promise<Section> {
  const server = await workshop.sidecar(PLAIN)
  const alone: number[] = []
  const turns = []
  for (let round = 0; round < effort.rounds; round++) {
    alone.push(await workshop.firmwareRate(effort.seconds))
    turns.push(await turn({ server, ask: RAW }, { connections: 64, depth: 1, ...effort }))
  }
  const shares = turns.map(({ loaded }, round) => loaded.good.perSecond / (alone[round] as number))
  const share = spread(shares)
  await server.stop()
  // More than can be served in time, each on a connection of its own.
  const roomy = await workshop.sidecar({ roomy: true })
  const load = { ...RAW, port: roomy.port, connections: CROWD, depth: 1, sample: 16 }
  const crowd = await send({ ...load, warmUp: 35, seconds: 30, patience: POLITE_MS })
  await roomy.stop()
  const refused = Object.keys(crowd.statuses).filter((status) => status !== '200')
  const accepted = crowd.good.perSecond / spread(alone).median
  return {
    title: `raw, 64 connections, firmware ${FIRMWARE_MS} ms`,
    figures: [
      { name: 'firmware alone', value: between(perSecond, spread(alone)) },
      {
        name: 'sidecar ÷ firmware',
        value: ratio(share),
        bar: `≥ ${FIRMWARE_SHARE}×`,
        met: share.median >= FIRMWARE_SHARE,
      },
      {
        name: `${CROWD} connections: sidecar ÷ firmware`,
        value: `${accepted.toFixed(2)}×`,
        bar: `≥ ${FIRMWARE_SHARE}×`,
        met: accepted >= FIRMWARE_SHARE,
      },
      {
        name: 'p99 of those accepted',
        value: ms(crowd.good.p99),
        bar: `≤ ${DEADLINE_MS} ms`,
        met: crowd.good.p99 <= DEADLINE_MS,
      },
      {
        name: 'statuses',
        value: JSON.stringify(crowd.statuses),
        bar: 'the rest 503',
        met: refused.join() === '503' && crowd.broken === 0,
      },
      await truth(workshop, { ours: turns }),
    ],
  }
}

function compared(outcome: Outcome, least: number): Figure[] {
  const { ours, theirs, rate, cpu } = outcome
  return [
    { name: 'sidecar', value: between(perSecond, goodRate(ours)) },
    { name: 'bare', value: between(perSecond, goodRate(theirs)) },
    { name: 'sidecar ÷ bare', value: ratio(rate), bar: `≥ ${least}×`, met: rate.median >= least },
    { name: 'the same by processor time', value: ratio(cpu) },
    { name: 'p99', value: between(ms, p99(ours)) },
    { name: 'p99 of bare', value: between(ms, p99(theirs)) },
    allGood(ours),
  ]
}

async function truth(workshop: Workshop, { ours }: Pick<Outcome, 'ours'>): Promise<Figure> {
  const sample = samples(ours)
  const good = await verified(sample, workshop.machine)
  return {
    name: 'answers verified',
    value: `${good} of ${sample.length}`,
    bar: 'all',
    met: good === sample.length && good > 0,
  }
}

/** What so many requests under way can come to at most, with a firmware as slow as that. */
function littlesLaw({ connections, depth }: Omit<Pressure, 'seconds'>): Figure {
  const most = (connections * depth * 1000) / FIRMWARE_MS
  return { name: 'that many requests under way allow at most', value: perSecond(most) }
}

const described = ({ connections, depth }: Omit<Pressure, 'seconds'>): string =>
  `${connections} connections × ${depth}`

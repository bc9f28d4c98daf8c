// SPDX-License-Identifier: Apache-2.0
// Puts the same load on two servers in turns, so that what disturbs the machine disturbs both, and
// takes ratios within a round.

import type { Load } from './load.js'
import type { Loaded, Sampled } from './load-tally.js'
import type { Figure } from './report.js'
import type { ServerProcess } from './server-process.js'
import { send } from './servers.js'

/** One round of load on one server. */
export interface Turn {
  readonly loaded: Loaded
  /** Processor time of the server per answer, in microseconds. */
  readonly cpuMicros: number
  /** Most anonymous memory of the server, in bytes. */
  readonly anonymous: number
}

/** A server, and what it is asked. */
export interface Side {
  readonly server: ServerProcess
  readonly ask: Pick<Load, 'path' | 'before' | 'after' | 'nonceLength'>
}

export type Pressure = Pick<Load, 'connections' | 'depth' | 'seconds'>

/** Middle of the rounds, and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export interface Outcome {
  readonly pressure: Pressure
  readonly ours: readonly Turn[]
  readonly theirs: readonly Turn[]
  /** Our answers per second divided by theirs. */
  readonly rate: Spread
  /** Their processor time per answer divided by ours: what the rate would be on a quiet machine. */
  readonly cpu: Spread
}

/** Seconds before anything is counted. */
const WARM_UP = 2
/** Whole answers to keep of each turn. */
const SAMPLE = 16

export async function turn({ server, ask }: Side, pressure: Pressure): Promise<Turn> {
  const before = server.cpuSeconds()
  server.anonymousMost()
  const load = { ...ask, ...pressure, port: server.port, warmUp: WARM_UP, sample: SAMPLE }
  const loaded = await send({ patience: 0, ...load })
  const answers = (loaded.answers * (WARM_UP + pressure.seconds)) / pressure.seconds
  return {
    loaded,
    cpuMicros: ((server.cpuSeconds() - before) * 1e6) / answers,
    anonymous: server.anonymousMost(),
  }
}

export async function contest(
  ours: Side,
  theirs: Side,
  pressure: Pressure,
  rounds: number,
): Promise<Outcome> {
  const turns = { ours: [] as Turn[], theirs: [] as Turn[] }
  for (let round = 0; round < rounds; round++) {
    turns.ours.push(await turn(ours, pressure))
    turns.theirs.push(await turn(theirs, pressure))
  }
  const ratios = (of: (ours: Turn, theirs: Turn) => number) =>
    spread(turns.ours.map((our, round) => of(our, turns.theirs[round] as Turn)))
  return {
    pressure,
    ...turns,
    rate: ratios((our, their) => our.loaded.good.perSecond / their.loaded.good.perSecond),
    cpu: ratios((our, their) => their.cpuMicros / our.cpuMicros),
  }
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: sorted[sorted.length >> 1] as number,
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
  }
}

export const goodRate = (turns: readonly Turn[]): Spread =>
  spread(turns.map(({ loaded }) => loaded.good.perSecond))

export const p99 = (turns: readonly Turn[]): Spread =>
  spread(turns.map(({ loaded }) => loaded.good.p99))

export const anonymousMost = (turns: readonly Turn[]): number =>
  Math.max(...turns.map(({ anonymous }) => anonymous))

export const samples = (turns: readonly Turn[]): readonly Sampled[] =>
  turns.flatMap(({ loaded }) => loaded.sample)

/** Among statuses: connections that ended under way. */
const BROKEN = 'broken'

/** That every answer was a good one, and nobody's connection was ended. */
export function allGood(turns: readonly Turn[]): Figure {
  const counts = statuses(turns)
  const bar = 'nothing but 200'
  return {
    name: 'statuses',
    value: JSON.stringify(counts),
    bar,
    met: Object.keys(counts).join() === '200',
  }
}

/** All statuses that came, with their counts. */
function statuses(turns: readonly Turn[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { loaded } of turns) {
    for (const [status, count] of Object.entries(loaded.statuses)) {
      counts[status] = (counts[status] ?? 0) + count
    }
    if (loaded.broken > 0) counts[BROKEN] = (counts[BROKEN] ?? 0) + loaded.broken
  }
  return counts
}

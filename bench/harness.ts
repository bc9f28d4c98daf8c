// SPDX-License-Identifier: Apache-2.0
// Measures contenders side by side: all of them in every round, so that what disturbs the machine
// disturbs them alike, and ratios are taken within a round.

import { performance } from 'node:perf_hooks'

/** One way to do the work in question. */
export interface Contender {
  readonly name: string
  /** Does the work once. What it returns is kept, so that nothing can be optimized away. */
  readonly run: () => unknown
  /** We must be at least this many times as fast as this contender. */
  readonly atLeast?: number
}

export interface Question {
  readonly title: string
  /** The first contender is ours. */
  readonly contenders: readonly [Contender, ...Contender[]]
  /** We must need less than this. */
  readonly belowNs?: number
}

/** Nanoseconds per run. */
export interface Timing {
  readonly name: string
  readonly median: number
  readonly min: number
  readonly max: number
  /** Median over the rounds of its time divided by ours; 1 for ours. */
  readonly ratio: number
  /** `undefined` where nothing was promised. */
  readonly bar: string | undefined
  readonly met: boolean | undefined
}

export interface Answer {
  readonly title: string
  readonly timings: readonly Timing[]
}

// Many short batches: a batch shorter than a time slice of the operating system mostly runs
// undisturbed, so that medians hold on a busy machine too.
const ROUNDS = 151
const BATCH_MS = 1
const WARM_UP_MS = 300

/** Holds what the last run returned. */
const sink: { last?: unknown } = {}

/** Milliseconds that `count` runs take. */
function time(run: () => unknown, count: number): number {
  const start = performance.now()
  for (let i = 0; i < count; i++) sink.last = run()
  return performance.now() - start
}

/** Runs until the engine has compiled what it will; returns how many runs fill a batch. */
function warmUp(run: () => unknown): number {
  let count = 1
  let spent = 0
  let last = 0
  while (spent < WARM_UP_MS) {
    last = time(run, count)
    spent += last
    if (last < BATCH_MS) count *= 2
  }
  return Math.max(1, Math.round((count * BATCH_MS) / last))
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number

/** Answers one question. Takes some seconds. */
export function answer({ title, contenders, belowNs }: Question): Answer {
  const counts = contenders.map(({ run }) => warmUp(run))
  const rounds: number[][] = contenders.map(() => [])
  for (let round = 0; round < ROUNDS; round++) {
    contenders.forEach(({ run }, i) => {
      const count = counts[i] as number
      rounds[i]?.push((time(run, count) * 1e6) / count)
    })
  }
  return summarize(title, contenders, rounds, belowNs)
}

/** Nanoseconds of each contender in each round, summed up. */
export function summarize(
  title: string,
  contenders: readonly Pick<Contender, 'name' | 'atLeast'>[],
  rounds: readonly (readonly number[])[],
  belowNs?: number,
): Answer {
  const ours = rounds[0] as readonly number[]
  const timings = contenders.map(({ name, atLeast }, i) => {
    const times = rounds[i] as readonly number[]
    const ratio = median(times.map((t, round) => t / (ours[round] as number)))
    const middle = median(times)
    const limit = i === 0 ? belowNs : undefined
    return {
      name,
      median: middle,
      min: Math.min(...times),
      max: Math.max(...times),
      ratio,
      bar: barText(atLeast, limit),
      met: isMet(ratio, atLeast, middle, limit),
    }
  })
  return { title, timings }
}

function barText(atLeast: number | undefined, limit: number | undefined): string | undefined {
  if (atLeast !== undefined) return `≥ ${Number(atLeast.toFixed(2))}×`
  return limit === undefined ? undefined : `< ${limit} ns`
}

function isMet(ratio: number, atLeast: number | undefined, ns: number, limit: number | undefined) {
  if (atLeast !== undefined) return ratio >= atLeast
  return limit === undefined ? undefined : ns < limit
}

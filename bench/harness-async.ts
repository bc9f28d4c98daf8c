// SPDX-License-Identifier: Apache-2.0
// Measures contenders that wait for WebCrypto side by side: each of them once per round, on the same
// material, in alternating order.

import { performance } from 'node:perf_hooks'
import { type Answer, summarize } from './harness.js'

/** One way to do the work in question on the material of a round. */
export interface AsyncContender<Material> {
  readonly name: string
  readonly run: (material: Material) => Promise<unknown>
  /** We must be at least this many times as fast as this contender. */
  readonly atLeast?: number
}

export interface AsyncQuestion<Material> {
  readonly title: string
  /** The first contender is ours. */
  readonly contenders: readonly [AsyncContender<Material>, ...AsyncContender<Material>[]]
  /** Makes what all contenders of a round work on, while no clock runs. */
  readonly prepare: (round: number) => Material | Promise<Material>
}

const ROUNDS = 151
/** Rounds until the engine has compiled what it will. */
const WARM_UP = 150

/** How often `prepare` is called at most. */
export const ASYNC_ROUNDS = WARM_UP + ROUNDS

/** Answers one question. Takes some seconds. */
export async function answerAsync<Material>({
  title,
  contenders,
  prepare,
}: AsyncQuestion<Material>): Promise<Answer> {
  const rounds: number[][] = contenders.map(() => [])
  for (let round = 0; round < ASYNC_ROUNDS; round++) {
    const material = await prepare(round)
    const order = [...contenders.keys()]
    for (const i of round % 2 === 0 ? order : order.reverse()) {
      const start = performance.now()
      await contenders[i]?.run(material)
      const spent = performance.now() - start
      if (round >= WARM_UP) rounds[i]?.push(spent * 1e6)
    }
  }
  return summarize(title, contenders, rounds)
}

// SPDX-License-Identifier: Apache-2.0
// What does a connection cost, from one to thousands of them?

import { BATCH } from './asks.js'
import { turn } from './contest.js'
import { mib, ms, perSecond, type Section } from './report.js'
import { FIRMWARE_MS, type Workshop } from './servers.js'
import type { Effort } from './throughput.js'

/** So many connections under load. */
export interface Point {
  readonly connections: number
  readonly perSecond: number
  readonly p99: number
  /** Bytes. */
  readonly anonymous: number
  /** Bytes above what one connection needs, for each; null for the first. */
  readonly perConnection: number | null
}

export const STEPS: readonly number[] = [1, 4, 16, 64, 256, 1024, 4096]

export async function* scaling(workshop: Workshop, effort: Effort): AsyncGenerator<Section> {
  const points: Point[] = []
  for (const connections of STEPS) {
    // Afresh each time: a process gives little of its memory back.
    const server = await workshop.sidecar({ roomy: true })
    const { loaded, anonymous } = await turn(
      { server, ask: BATCH },
      { ...effort, connections, depth: 1 },
    )
    await server.stop()
    const more = anonymous - (points[0]?.anonymous ?? 0)
    points.push({
      connections,
      perSecond: loaded.good.perSecond,
      p99: loaded.good.p99,
      anonymous,
      perConnection: points.length === 0 ? null : more / (connections - 1),
    })
  }
  yield {
    title: `batch, firmware ${FIRMWARE_MS} ms, by connections`,
    figures: points.map((point) => ({
      name: `${point.connections}`,
      value: [
        perSecond(point.perSecond),
        `p99 ${ms(point.p99)}`,
        mib(point.anonymous),
        ...(point.perConnection === null
          ? []
          : [`${Math.round(point.perConnection / 1024)} KiB a connection`]),
      ].join(', '),
    })),
    points,
  }
}

// SPDX-License-Identifier: Apache-2.0
// Does the sidecar live within the memory that AEP-83 gives it, and what does that cost?

import { BATCH, RAW } from './asks.js'
import { allGood, anonymousMost, contest, goodRate, p99, type Side } from './contest.js'
import { type MemoryGroup, memoryGroup } from './memory-group.js'
import { between, type Figure, MIB, mib, ms, perSecond, ratio, type Section } from './report.js'
import type { SidecarChoice, Workshop } from './servers.js'
import type { Effort } from './throughput.js'

/** The limit of the container. */
const LIMIT = 64 * MIB
const ANONYMOUS = 44 * MIB
/** Of the throughput without any limit or flag. */
const SHARE = 0.9
/** Load on the limited one, in all. */
const MINUTE = 60

interface Case {
  readonly title: string
  readonly ask: Side['ask']
  readonly connections: number
  readonly choice: SidecarChoice
}

const INSTANT = { reportLatencyMs: 0, signed: false }
const CASES: readonly Case[] = [
  { title: 'batch, 64 connections', ask: BATCH, connections: 64, choice: {} },
  { title: 'batch, 256 connections', ask: BATCH, connections: 256, choice: {} },
  { title: 'raw, 64 connections', ask: RAW, connections: 64, choice: {} },
  {
    title: 'raw, firmware of no latency, 256 connections',
    ask: RAW,
    connections: 256,
    choice: INSTANT,
  },
]

export async function* memory(workshop: Workshop, effort: Effort): AsyncGenerator<Section> {
  for (const kind of CASES) {
    const group = memoryGroup(LIMIT)
    if (typeof group === 'string') {
      yield { title: `64 MiB: skipped, ${group}`, figures: [] }
      return
    }
    yield { title: `64 MiB, ${kind.title}`, figures: await limited(workshop, kind, group, effort) }
    group.remove()
  }
}

async function limited(
  workshop: Workshop,
  { ask, connections, choice }: Case,
  group: MemoryGroup,
  effort: Effort,
): Promise<Figure[]> {
  const server = await workshop.sidecar({ ...choice, group })
  const free = await workshop.sidecar({ ...choice, unlimited: true })
  const seconds = effort.rounds === 1 ? effort.seconds : MINUTE / effort.rounds
  const pressure = { connections, depth: 1, seconds }
  const outcome = await contest({ server, ask }, { server: free, ask }, pressure, effort.rounds)
  const survived = server.alive
  await Promise.all([server.stop(), free.stop()])
  const anonymous = anonymousMost(outcome.ours)
  const { ours, theirs, rate } = outcome
  return [
    { name: 'limited', value: between(perSecond, goodRate(ours)) },
    { name: 'unlimited', value: between(perSecond, goodRate(theirs)) },
    {
      name: 'limited ÷ unlimited',
      value: ratio(rate),
      bar: `≥ ${SHARE}×`,
      met: rate.median >= SHARE,
    },
    { name: 'p99', value: between(ms, p99(ours)) },
    {
      name: 'most RssAnon',
      value: mib(anonymous),
      bar: `≤ ${mib(ANONYMOUS)}`,
      met: anonymous <= ANONYMOUS,
    },
    { name: 'most RssAnon, unlimited', value: mib(anonymousMost(theirs)) },
    { name: 'most of the group', value: mib(group.peak()) },
    {
      name: 'OOM kills',
      value: `${group.oomKills()}`,
      bar: 'none, and it lives',
      met: group.oomKills() === 0 && survived,
    },
    allGood(ours),
  ]
}

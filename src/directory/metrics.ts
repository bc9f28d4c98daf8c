// SPDX-License-Identifier: Apache-2.0
// What `/metrics` counts, in Prometheus' text format. Nothing in it names a lease or an owner.

import { Counter, Gauge, Registry } from 'prom-client'
import type { Code } from '../errors.js'
import type { ConnectionCounts } from '../service/connections.js'
import { addConnections, requestDuration } from '../service/metrics.js'
import type { Counts } from './state.js'

/** What is read when somebody asks. */
export interface MetricSources {
  readonly counts: () => Counts
  readonly ready: () => boolean
  readonly connected: () => boolean
  readonly streams: () => number
  /** Null where the connections are somebody else's. */
  readonly connections: () => ConnectionCounts | null
}

export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
  request(route: string, status: number, seconds: number): void
  refusal(code: Code): void
  change(gone: boolean): void
}

const REQUEST_SECONDS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]

/** @param sources called on demand; they may come into being after the metrics */
export function createMetrics(sources: () => MetricSources): Metrics {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  const refusals = new Counter({
    name: 'assay_refusals_total',
    help: 'Requests refused, by code',
    labelNames: ['code'],
    registers,
  })
  const changes = new Counter({
    name: 'assay_directory_changes_total',
    help: 'Leases that came, changed or went',
    labelNames: ['kind'],
    registers,
  })
  const changed = { true: changes.labels('gone'), false: changes.labels('set') }
  addGauges(registers, sources)
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request: requestDuration(registers, REQUEST_SECONDS),
    refusal: (code) => refusals.inc({ code }),
    change: (gone) => changed[`${gone}`].inc(),
  }
}

type Reading = readonly [help: string, read: (sources: MetricSources) => number]

const READINGS: Readonly<Record<string, Reading>> = {
  assay_directory_leases: ['Leases known', ({ counts }) => counts().leases],
  assay_directory_endpoints: ['Endpoints known', ({ counts }) => counts().endpoints],
  assay_directory_owners: ['Owners of leases known', ({ counts }) => counts().owners],
  assay_directory_expectations: [
    'Documents of expectations served',
    ({ counts }) => counts().expectations,
  ],
  assay_directory_ready: [
    '1 from the first whole state on, before which nothing is answered',
    ({ ready }) => Number(ready()),
  ],
  assay_directory_source_connected: [
    '0 while the source is cut off and answers are marked stale',
    ({ connected }) => Number(connected()),
  ],
  assay_directory_streams: ['Listeners to changes', ({ streams }) => streams()],
}

function addGauges(registers: Registry[], sources: () => MetricSources): void {
  for (const [name, [help, read]] of Object.entries(READINGS)) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(sources()))
      },
    })
  }
  addConnections(registers, () => sources().connections())
}

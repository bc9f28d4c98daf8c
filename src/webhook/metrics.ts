// SPDX-License-Identifier: Apache-2.0
// What `/metrics` of the webhook counts. No label comes from a Pod.

import { Counter, Gauge, Registry } from 'prom-client'
import type { Clock } from '../service/clock.js'
import type { ConnectionCounts } from '../service/connections.js'
import { addCertificate, addConnections, requestDuration } from '../service/metrics.js'
import type { Readiness } from './health.js'

export interface MetricSources {
  readonly clock: Clock
  readonly readiness: Readiness
  readonly certificateExpiry: () => Date | null
  /** Null where the connections are somebody else's. */
  readonly connections: () => ConnectionCounts | null
  /** How often files were put into use, and found to be of no use. */
  readonly reloads: () => ReloadCounts
}

export interface ReloadCounts {
  readonly done: number
  readonly failed: number
}

export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
  request(route: string, status: number, seconds: number): void
  /** @param code of a refusal, or why a Pod may pass */
  admission(decision: 'allowed' | 'refused' | 'failed', code: string): void
}

const REQUEST_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5]

export function createMetrics(sources: MetricSources): Metrics {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  const request = requestDuration(registers, REQUEST_SECONDS)
  const admissions = new Counter({
    name: 'assay_admissions_total',
    help: 'Reviews answered: allowed, refused, or failed, which is no decision; by code or reason',
    labelNames: ['decision', 'code'],
    registers,
  })
  new Gauge({
    name: 'assay_ready',
    help: '1 while admissions may be sent here',
    registers,
    collect() {
      this.set(sources.readiness.trouble === null ? 1 : 0)
    },
  })
  addCertificate(registers, () => sources)
  addReloads(registers, sources)
  addConnections(registers, sources.connections)
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request,
    admission: (decision, code) => admissions.inc({ decision, code }),
  }
}

function addReloads(registers: Registry[], { reloads }: MetricSources): void {
  const help = {
    done: ['assay_certificate_reloads_total', 'Certificates put into use while running'],
    failed: [
      'assay_certificate_reload_failures_total',
      'Looks, one each second, at files of certificate and key that could not be put into use',
    ],
  } as const
  for (const [name, [metric, words]] of Object.entries(help)) {
    new Counter({
      name: metric,
      help: words,
      registers,
      collect() {
        this.reset()
        this.inc(reloads()[name as keyof ReloadCounts])
      },
    })
  }
}

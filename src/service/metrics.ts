// SPDX-License-Identifier: Apache-2.0
// What every service of ours counts alike, in Prometheus' text format.

import { Gauge, Histogram, type Registry } from 'prom-client'
import type { Clock } from './clock.js'
import type { ConnectionCounts } from './connections.js'

/** @returns what is told of each request that was answered */
export function requestDuration(
  registers: Registry[],
  buckets: number[],
): (route: string, status: number, seconds: number) => void {
  const duration = new Histogram({
    name: 'assay_request_duration_seconds',
    help: 'From the head of a request to the end of its answer',
    labelNames: ['route', 'status'],
    buckets,
    registers,
  })
  // Looked up by one string: finding a child by its labels costs more than counting.
  const children = new Map<string, { observe(seconds: number): void }>()
  return (route, status, seconds) => {
    const key = `${status}${route}`
    const child = children.get(key) ?? duration.labels(route, `${status}`)
    children.set(key, child)
    child.observe(seconds)
  }
}

/** @param source called on demand; its `certificateExpiry` is null where there is none */
export function addCertificate(
  registers: Registry[],
  source: () => { readonly clock: Clock; readonly certificateExpiry: () => Date | null },
): void {
  new Gauge({
    name: 'assay_certificate_remaining_seconds',
    help: 'Life left of the TLS certificate in use; absent over plain HTTP',
    registers,
    collect() {
      const { certificateExpiry, clock } = source()
      const expiry = certificateExpiry()
      if (expiry) this.set((expiry.getTime() - clock.now().getTime()) / 1000)
      else this.remove()
    },
  })
}

/** @param source null where the connections are somebody else's */
export function addConnections(registers: Registry[], source: () => ConnectionCounts | null): void {
  const help = {
    open: 'Connections that stand',
    evicted: 'Connections ended while they were idle, because others came',
    refused: 'Connections closed on arrival, because all others were being answered',
  }
  for (const [name, words] of Object.entries(help)) {
    new Gauge({
      name: `assay_connections_${name}`,
      help: words,
      registers,
      collect() {
        const counts = source()
        if (counts) this.set(counts[name as keyof ConnectionCounts])
        else this.remove()
      },
    })
  }
}

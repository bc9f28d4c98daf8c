// SPDX-License-Identifier: Apache-2.0
// What `/metrics` counts, in Prometheus' text format. Nothing in it comes from a request's body.

import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Code } from '../errors.js'
import type { Clock } from '../service/clock.js'
import type { ConnectionCounts } from '../service/connections.js'
import { addCertificate, addConnections, requestDuration } from '../service/metrics.js'
import type { Device, Devices } from './devices.js'

/** What is read when somebody asks. */
export interface MetricSources {
  readonly clock: Clock
  readonly devices: Devices
  readonly batchWaiting: () => number
  /** End of the certificate in use; null where there is none. */
  readonly certificateExpiry: () => Date | null
  /** Null where the connections are somebody else's. */
  readonly connections: () => ConnectionCounts | null
}

export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
  request(route: string, status: number, seconds: number): void
  refusal(code: Code): void
  served(device: Device, ms: number, error: Code | null): void
  batch(size: number): void
}

const REQUEST_SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30]
const FIRMWARE_SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60]
const BATCH_SIZES = [1, 4, 16, 64, 256, 1024, 4096, 16384]
const DEVICES = ['cpu', 'gpu'] as const

/** @param sources called on demand; they may come into being after the metrics */
export function createMetrics(sources: () => MetricSources): Metrics {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  const request = requestDuration(registers, REQUEST_SECONDS)
  const refusals = new Counter({
    name: 'assay_refusals_total',
    help: 'Requests refused, by code',
    labelNames: ['code'],
    registers,
  })
  const firmware = new Histogram({
    name: 'assay_firmware_duration_seconds',
    help: 'What one request of a device took',
    labelNames: ['device'],
    buckets: FIRMWARE_SECONDS,
    registers,
  })
  const firmwareOf = { cpu: firmware.labels('cpu'), gpu: firmware.labels('gpu') }
  const firmwareErrors = new Counter({
    name: 'assay_firmware_errors_total',
    help: 'Requests that a device failed, by code',
    labelNames: ['device', 'code'],
    registers,
  })
  const batches = new Histogram({
    name: 'assay_batch_size',
    help: 'Requests answered by one report',
    buckets: BATCH_SIZES,
    registers,
  })
  addGauges(registers, sources)
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request,
    refusal: (code) => refusals.inc({ code }),
    served: (device, ms, code) => {
      firmwareOf[device].observe(ms / 1000)
      if (code) firmwareErrors.inc({ device, code })
    },
    batch: (size) => batches.observe(size),
  }
}

function addGauges(registers: Registry[], sources: () => MetricSources): void {
  new Gauge({
    name: 'assay_queue_waiting',
    help: 'Requests that wait for a device, or for the next batch',
    labelNames: ['queue'],
    registers,
    collect() {
      const { devices, batchWaiting } = sources()
      for (const device of DEVICES) this.set({ queue: device }, devices.state(device).waiting)
      this.set({ queue: 'batch' }, batchWaiting())
    },
  })
  new Gauge({
    name: 'assay_device_busy_seconds',
    help: 'How long a device has been at its present request; 0 at rest',
    labelNames: ['device'],
    registers,
    collect() {
      const { devices } = sources()
      for (const device of DEVICES) {
        this.set({ device }, (devices.state(device).busyMs ?? 0) / 1000)
      }
    },
  })
  new Gauge({
    name: 'assay_device_lost',
    help: '1 when the guest has lost its key to the firmware and gets no report until it boots again',
    registers,
    collect() {
      this.set(sources().devices.trouble?.code === 'ERR_DEVICE_LOST' ? 1 : 0)
    },
  })
  addCertificate(registers, () => sources())
  addConnections(registers, () => sources().connections())
}

// SPDX-License-Identifier: Apache-2.0
// The routes of the sidecar over one Attester.

import type { FastifyInstance } from 'fastify'
import { AttestationError } from '../errors.js'
import { LIMITS } from '../protocol.js'
import { bareApp } from '../service/app.js'
import type { Clock } from '../service/clock.js'
import type { ConnectionCounts } from '../service/connections.js'
import { Attester, type Keys } from './attester.js'
import { DEADLINE_MS } from './deadlines.js'
import { createMetrics, type Metrics } from './metrics.js'
import { refuse, refuseRoute } from './refuse.js'
import { addRoutes } from './routes.js'
import type { Platform } from './surface.js'

export type { Keys } from './attester.js'

export interface AppOptions {
  readonly platform: Platform
  readonly keys: Keys
  /** False over plain HTTP, where no connection ends at the TLS key; true when not given. */
  readonly tls?: boolean
  readonly clock: Clock
  /** Whether raw mode is served, in which the hardware signs 64 bytes of the caller's. */
  readonly rawQuotes: 'allow' | 'deny'
  /** How long a request may wait and be worked on; 30 s when not given. */
  readonly deadlineMs?: number
  /** End of the certificate in use, for the metrics. */
  readonly certificateExpiry?: () => Date | null
  /** How many requests may wait for one device at once, for want of memory; 4096 when not given. */
  readonly waitingMost?: number
  /** Of the server, for the metrics. */
  readonly connections?: () => ConnectionCounts
  /** What goes to fastify as it is: https, logger, time-outs. */
  readonly server?: Readonly<Record<string, unknown>>
}

/** More than most devices serve within the deadline. */
const WAITING_MOST = 0x1000

/**
 * The sidecar's HTTP application. `close` answers what is under way, waits for the devices and lets
 * go of them.
 */
export function buildApp(options: AppOptions): FastifyInstance {
  const {
    platform,
    keys,
    clock,
    rawQuotes,
    deadlineMs = DEADLINE_MS,
    waitingMost = WAITING_MOST,
  } = options
  const metrics = createMetrics(() => ({
    clock,
    devices: attester.devices,
    batchWaiting: () => attester.batchWaiting,
    certificateExpiry: options.certificateExpiry ?? (() => null),
    connections: options.connections ?? (() => null),
  }))
  const attester = new Attester({
    platform,
    keys,
    clock,
    rawQuotes,
    deadlineMs,
    waitingMost,
    onServed: metrics.served,
    onBatch: metrics.batch,
  })
  const app = bareApp({
    bodyLimit: LIMITS.evidenceBody,
    frameworkErrors: (_error, request, reply) => refuseRoute(request, reply, metrics),
    server: options.server,
  })
  const isClosing = refuseWhenClosing(app)
  observe(app, metrics)
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply, attester, metrics))
  app.setNotFoundHandler((request, reply) => refuseRoute(request, reply, metrics))
  app.addHook('onClose', () => attester.close())
  addRoutes(app, { attester, metrics, keys, tls: options.tls ?? true, isClosing })
  return app
}

/** Requests that come while the process stops: connections that are open may still send some. */
function refuseWhenClosing(app: FastifyInstance): () => boolean {
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })
  app.addHook('onRequest', (_request, _reply, done) => {
    if (closing) done(new AttestationError('ERR_SHUTDOWN', 'the sidecar is stopping'))
    else done()
  })
  return () => closing
}

function observe(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.request(route, reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
}

// SPDX-License-Identifier: Apache-2.0
// A sidecar from end to end: keys, server, routes and a platform, until it is closed.

import type { RequestListener } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { behind } from '../service/app.js'
import { buildApp } from './app.js'
import { createListener, type Listener, type ListenerOptions } from './listener.js'
import type { Platform } from './surface.js'

export interface SidecarOptions extends ListenerOptions {
  readonly platform: Platform
  /** Whether raw mode is served, in which the hardware signs 64 bytes of the caller's. */
  readonly rawQuotes: 'allow' | 'deny'
}

export interface Sidecar {
  /** Where it listens; the port is the real one. */
  readonly url: string
  /** Answers what is queued, then ends everything, the platform included. */
  close(): Promise<void>
}

/**
 * Starts a sidecar on a platform that is there.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` for an address that cannot be listened on, or plain HTTP
 * on one that others reach
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const listener = await createListener(options)
  const app = await attach(listener, options)
  const url = await listener.open()
  return { url, close: () => listener.close(() => app.close()) }
}

/** Puts the routes over a platform behind a listener. Closing the application lets go of the platform. */
export async function attach(
  listener: Listener,
  options: SidecarOptions,
): Promise<FastifyInstance> {
  const { platform, clock, log, rawQuotes, deadlineMs } = options
  let take: RequestListener | undefined
  const app = buildApp({
    platform,
    keys: listener.keys,
    tls: !options.plainHttp,
    clock,
    rawQuotes,
    ...(deadlineMs !== undefined && { deadlineMs }),
    certificateExpiry: listener.certificateExpiry,
    connections: listener.connections,
    waitingMost: listener.waitingMost,
    server: behind(listener.server, log, (handler) => {
      take = handler
    }),
  })
  // Refusals have their line from the routes.
  if (log.isLevelEnabled('debug')) logAnswers(app)
  await app.ready()
  listener.serve(take as RequestListener)
  return app
}

function logAnswers(app: FastifyInstance): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { url: route } = request.routeOptions
    const ms = Math.round(reply.elapsedTime)
    request.log.debug({ route, status: reply.statusCode, ms }, 'answered')
    done()
  })
}

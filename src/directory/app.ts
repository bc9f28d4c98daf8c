// SPDX-License-Identifier: Apache-2.0
// The routes of the directory over one state and its source.

import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AttestationError } from '../errors.js'
import { bareApp } from '../service/app.js'
import type { Clock } from '../service/clock.js'
import type { ConnectionCounts } from '../service/connections.js'
import { COMMON_HEADERS } from './answer.js'
import { cachePolicy } from './cache.js'
import { RateLimit, subscriberOf } from './limits.js'
import { createMetrics, type Metrics } from './metrics.js'
import { ROUTES, type Route } from './openapi.js'
import { type RefusalOptions, refuse, refuseRoute } from './refuse.js'
import { addRoutes } from './routes.js'
import type { DirectoryState } from './state.js'
import { Streams } from './stream.js'

export interface AppOptions {
  readonly state: DirectoryState
  /** Whether there was a whole state ever, and whether its source follows what it mirrors. */
  readonly isReady: () => boolean
  readonly isConnected: () => boolean
  readonly clock: Clock
  /** Letters and digits that are of this process alone. */
  readonly epoch: string
  /** How long caches keep a lease without asking; default 30. */
  readonly maxAgeS?: number
  /** Requests per second of one address; default 100, and 0 for any number. */
  readonly rate?: number
  /** Proxies whose X-Forwarded-For is believed: addresses and networks. By default none. */
  readonly trustProxy?: readonly string[]
  /** Listeners to changes at once. */
  readonly mostStreams?: number
  /** Of the server. */
  readonly connections?: () => ConnectionCounts
  /** Takes the deadline off the answer on a connection. */
  readonly release?: (socket: Socket) => void
  /** What goes to fastify as it is: logger, time-outs. */
  readonly server?: Readonly<Record<string, unknown>>
}

export const RATE = 100
/** Seconds' worth of requests that an address may send at once. */
const BURST_S = 2
/** Longer than any of ours: an owner, a cursor and their names. */
const URL_LEN = 512
/** Nothing here reads a body. */
const BODY_LEN = 1024
const PREFLIGHT_S = 86_400

/** The directory's HTTP application. Closing it ends the streams of changes. */
export function buildApp(options: AppOptions): FastifyInstance {
  const { state, isReady, isConnected, clock, epoch, trustProxy = [] } = options
  const policy = cachePolicy(options.maxAgeS)
  const metrics = createMetrics(() => ({
    counts: () => state.counts,
    ready: isReady,
    connected: isConnected,
    streams: () => streams.open,
    connections: options.connections ?? (() => null),
  }))
  const streams = new Streams({
    state,
    clock,
    epoch,
    ...(options.mostStreams !== undefined && { most: options.mostStreams }),
  })
  const refusals = { metrics, absent: policy.absent }
  const app = bareApp({
    bodyLimit: BODY_LEN,
    frameworkErrors: (_error, request, reply) => refuseRoute(request, reply, refusals),
    server: { ...(trustProxy.length > 0 && { trustProxy: [...trustProxy] }), ...options.server },
  })
  const forget = state.onChange(({ etag }) => metrics.change(etag === null))
  guard(app, options, refusals, streams)
  observe(app, metrics)
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply, refusals))
  app.setNotFoundHandler((request, reply) => refuseRoute(request, reply, refusals))
  app.addHook('onClose', async () => forget())
  addPreflights(app)
  const { release = () => {} } = options
  addRoutes(app, { state, streams, metrics, policy, isReady, isConnected, release })
  return app
}

/** What is looked at before any route: whether we end, whose turn it is, how long the URL is. */
function guard(
  app: FastifyInstance,
  { clock, rate = RATE }: AppOptions,
  refusals: RefusalOptions,
  streams: Streams,
): void {
  const limit = new RateLimit({ clock, perSecond: rate, burst: BURST_S * rate })
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    streams.close()
    done()
  })
  const check = (request: FastifyRequest, reply: FastifyReply): boolean => {
    const error = closing
      ? STOPPING
      : (request.raw.url as string).length > URL_LEN
        ? TOO_LONG
        : null
    if (error) refuse(error, request, reply, refusals)
    const retryAfterS = error ? 0 : limit.take(subscriberOf(request.ip))
    if (retryAfterS > 0) refuse(TOO_OFTEN, request, reply, refusals, retryAfterS)
    return error === null && retryAfterS === 0
  }
  app.addHook('onRequest', (request, reply, done) => {
    if (check(request, reply)) done()
  })
}

const STOPPING = new AttestationError('ERR_SHUTDOWN', 'the directory is stopping')
const TOO_LONG = new AttestationError(
  'ERR_REQUEST_URL',
  `a URL has at most ${URL_LEN} characters here`,
)
const TOO_OFTEN = new AttestationError('ERR_REQUEST_RATE', 'too many requests from this address')

function observe(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.request(route, reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
}

/** Pages of any origin may read; a preflight comes only where they name a tag themselves. */
function addPreflights(app: FastifyInstance): void {
  for (const { path, head } of Object.values<Route>(ROUTES)) {
    const methods = head ? 'GET, HEAD' : 'GET'
    app.options(path.replaceAll(/\{(\w+)\}/g, ':$1'), (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(204, [
        ...COMMON_HEADERS,
        'access-control-allow-methods',
        methods,
        'access-control-allow-headers',
        'If-None-Match, Last-Event-ID, Cache-Control',
        'access-control-max-age',
        `${PREFLIGHT_S}`,
        'allow',
        `${methods}, OPTIONS`,
        'cache-control',
        'no-store',
      ])
      reply.raw.end()
    })
  }
}

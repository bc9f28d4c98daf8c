// SPDX-License-Identifier: Apache-2.0
// The routes of the directory over one state: looked up, and answered as it was prepared.

import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isAddress } from '../discovery/address.js'
import { checkDigest } from '../discovery/expectations.js'
import { parseLeaseId } from '../discovery/lease.js'
import { AttestationError } from '../errors.js'
import { PLAIN_TEXT } from '../service/problem.js'
import { answer, COMMON_HEADERS, JSON_TYPE, type Representation } from './answer.js'
import { type CachePolicy, HOURLY, IMMUTABLE, UNCACHED } from './cache.js'
import { etagOf } from './lease-body.js'
import { subscriberOf } from './limits.js'
import type { Metrics } from './metrics.js'
import { EVENT_STREAM, openapiDocument, ROUTES, type Route } from './openapi.js'
import { pageOf } from './pages.js'
import type { DirectoryState } from './state.js'
import type { Streams } from './stream.js'

/** What the routes stand on. */
export interface Ground {
  readonly state: DirectoryState
  readonly streams: Streams
  readonly metrics: Metrics
  readonly policy: CachePolicy
  /** Whether there was a whole state ever. */
  readonly isReady: () => boolean
  /** Whether the source follows what it mirrors. */
  readonly isConnected: () => boolean
  /** Takes the deadline off the answer on a connection. */
  readonly release: (socket: Socket) => void
}

type Query = Readonly<Record<string, string | undefined>>

export function addRoutes(app: FastifyInstance, ground: Ground): void {
  const { state, metrics, policy, isReady, isConnected } = ground
  const ofNow = (etag: string, body: () => string): Representation => ({
    mediaType: JSON_TYPE,
    cacheControl: isConnected() ? policy.fresh : policy.stale,
    etag,
    body,
  })
  const serve = (route: Route, represent: (params: string[], query: Query) => Representation) => {
    get(app, route, (request, reply, query) => {
      const params = Object.values(request.params as Record<string, string>)
      answer(request, reply, represent(params, query))
    })
  }
  serve(ROUTES.lease, (params) => {
    const key = params.join('/')
    const entry = known(state.lease(key), isReady)
    if (entry) return ofNow(entry.etag, () => entry.text)
    parseLeaseId(key)
    throw new AttestationError('ERR_LEASE_UNKNOWN', 'this directory knows no such lease')
  })
  serve(ROUTES.leases, (_params, { owner = '', cursor = null }) => {
    checkOwner(owner)
    known(undefined, isReady)
    const { etag, text } = pageOf(owner, state.leasesOf(owner), cursor)
    return ofNow(etag, text)
  })
  serve(ROUTES.expectations, ([digest = '']) => {
    const entry = known(state.expectations(digest), isReady)
    if (entry) {
      return {
        mediaType: JSON_TYPE,
        cacheControl: IMMUTABLE,
        etag: entry.etag,
        body: () => entry.bytes,
      }
    }
    checkDigest(digest)
    throw new AttestationError('ERR_EXPECTATIONS_UNKNOWN', 'this directory has no such document')
  })
  const openapi = JSON.stringify(openapiDocument())
  const openapiTag = etagOf(openapi)
  const openapiBytes = Buffer.from(openapi)
  serve(ROUTES.openapi, () => ({
    mediaType: JSON_TYPE,
    cacheControl: HOURLY,
    etag: openapiTag,
    body: () => openapiBytes,
  }))
  serve(ROUTES.healthz, () => now('ok\n'))
  serve(ROUTES.readyz, () => {
    known(undefined, isReady)
    return now('ok\n')
  })
  get(app, ROUTES.metrics, async (request, reply) => {
    const text = Buffer.from(await metrics.text())
    answer(request, reply, { ...now(''), mediaType: metrics.contentType, body: () => text })
  })
  get(app, ROUTES.stream, (request, reply, { owner = null }) =>
    stream(request, reply, owner, ground),
  )
}

const now = (text: string): Representation => ({
  mediaType: PLAIN_TEXT,
  cacheControl: UNCACHED,
  etag: null,
  body: () => text,
})

/** Before the first whole state nothing is known to be absent: caches must not be told that it is. */
function known<T>(entry: T, isReady: () => boolean): T {
  if (isReady()) return entry
  throw new AttestationError(
    'ERR_SOURCE_WAITING',
    'the source of this directory has not been read yet',
  )
}

function checkOwner(owner: string): void {
  if (isAddress(owner)) return
  throw new AttestationError('ERR_REQUEST_FIELD', '"owner": address such as akash1… expected')
}

function get(
  app: FastifyInstance,
  { path, query: allowed, head }: Route,
  handle: (request: FastifyRequest, reply: FastifyReply, query: Query) => void | Promise<void>,
): void {
  const names = Object.keys(allowed)
  const url = path.replaceAll(/\{(\w+)\}/g, ':$1')
  app.get(url, { exposeHeadRoute: head }, (request, reply) => {
    const query = request.query as Query
    for (const name in query) {
      // Anything else would be a way past every cache.
      if (!names.includes(name) || typeof query[name] !== 'string') {
        throw new AttestationError('ERR_REQUEST_FIELD', wrongQuery(names))
      }
    }
    return handle(request, reply, query)
  })
}

const wrongQuery = (names: readonly string[]): string =>
  names.length > 0
    ? `the query takes ${names.map((name) => `"${name}"`).join(' and ')}, once`
    : 'this path takes no query'

function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  owner: string | null,
  { streams, isReady, release }: Ground,
): void {
  if (owner !== null) checkOwner(owner)
  known(undefined, isReady)
  const subscriber = subscriberOf(request.ip)
  if (!streams.hasRoom(subscriber)) {
    throw new AttestationError('ERR_STREAMS_FULL', 'too many listen to this directory already')
  }
  const lastEventId = request.headers['last-event-id']
  reply.hijack()
  reply.raw.writeHead(200, [
    ...COMMON_HEADERS,
    'content-type',
    EVENT_STREAM,
    'cache-control',
    UNCACHED,
    // For nginx, which would hold events back until it has a buffer full of them.
    'x-accel-buffering',
    'no',
  ])
  release(request.raw.socket)
  streams.add(reply.raw, {
    owner,
    lastEventId: typeof lastEventId === 'string' ? lastEventId : null,
    subscriber,
  })
}

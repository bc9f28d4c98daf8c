// SPDX-License-Identifier: Apache-2.0
// The routes of the sidecar over one Attester.

import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { AttestationError } from '../errors.js'
import { MEDIA_TYPES } from '../protocol.js'
import { infoAnswer } from './answers.js'
import { Attester, type Keys } from './attester.js'
import type { Clock } from './clock.js'
import { InFlight } from './in-flight.js'
import { createMetrics, type Metrics } from './metrics.js'
import { openapiDocument, PROBLEM_PREFIX, ROUTES, type Route } from './openapi.js'
import { isTemporary, PLAIN_TEXT, plainText, problemDocument, refusalOf } from './problem.js'
import type { Caller } from './queue.js'
import { parseEvidenceRequest, parseQuoteRequest } from './requests.js'
import type { Platform } from './surface.js'

export type { Keys } from './attester.js'

export interface AppOptions {
  readonly platform: Platform
  readonly keys: Keys
  readonly clock: Clock
  /** Whether raw mode is served, in which the hardware signs 64 bytes of the caller's. */
  readonly rawQuotes: 'allow' | 'deny'
  /** How long a request may wait and be worked on; 30 s when not given. */
  readonly deadlineMs?: number
  /** End of the certificate in use, for the metrics. */
  readonly certificateExpiry?: () => Date | null
  /** What goes to fastify as it is: https, logger, time-outs. */
  readonly server?: Readonly<Record<string, unknown>>
}

const DEADLINE_MS = 30_000
/** How those who end are told apart from those who do not exist, by Go's router. */
const NOT_FOUND = '404 page not found\n'
const NOT_ALLOWED = 'Method Not Allowed\n'

/**
 * The sidecar's HTTP application. `close` answers what is under way, waits for the devices and lets
 * go of them.
 */
export function buildApp(options: AppOptions): FastifyInstance {
  const { platform, keys, clock, rawQuotes, deadlineMs = DEADLINE_MS } = options
  const metrics = createMetrics(() => ({
    clock,
    devices: attester.devices,
    batchWaiting: () => attester.batchWaiting,
    certificateExpiry: options.certificateExpiry ?? (() => null),
  }))
  const attester = new Attester({
    platform,
    keys,
    clock,
    rawQuotes,
    deadlineMs,
    onServed: metrics.served,
    onBatch: metrics.batch,
  })
  const app = fastify({ return503OnClosing: false, ...options.server }) as FastifyInstance
  limitPipelines(app)
  refuseWhenClosing(app)
  observe(app, metrics)
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply, attester, metrics))
  app.setNotFoundHandler((request, reply) => refuseRoute(request, reply, metrics))
  app.addHook('onClose', () => attester.close())
  addRoutes(app, attester, metrics, keys)
  return app
}

function addRoutes(app: FastifyInstance, attester: Attester, metrics: Metrics, keys: Keys): void {
  const info = infoAnswer(attester.platform, attester.devices.hasGpus, keys.tlsSpki)
  const openapi = JSON.stringify(openapiDocument())
  app.removeAllContentTypeParsers()
  // Bodies stay bytes: each route reads its own, and nothing is decoded twice.
  const take = (_request: unknown, body: Buffer, done: (error: null, body: Buffer) => void) =>
    done(null, body)
  app.addContentTypeParser(MEDIA_TYPES.json, { parseAs: 'buffer' }, take)
  get(app, ROUTES.info, () => info)
  get(app, ROUTES.openapi, () => openapi)
  get(app, ROUTES.healthz, () => {
    const { trouble } = attester.devices
    if (trouble) throw trouble
    return 'ok'
  })
  get(app, ROUTES.metrics, () => metrics.text(), metrics.contentType)
  post(app, ROUTES.evidence, (body, caller) =>
    attester.evidence(parseEvidenceRequest(body), caller),
  )
  app.register(async (scope) => {
    // AEP-83's first sidecar never looks at the type, and its clients need not declare any.
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, take)
    post(scope, ROUTES.quote, (body, caller) => attester.quote(parseQuoteRequest(body), caller))
  })
}

function get(
  app: FastifyInstance,
  { path, answer }: Route,
  produce: () => string | Promise<string>,
  contentType = answer.mediaType === MEDIA_TYPES.text ? PLAIN_TEXT : answer.mediaType,
): void {
  app.get(path, async (_request, reply) => {
    const text = await produce()
    reply.header('content-type', contentType)
    return Buffer.from(text)
  })
}

type Post = Route & { readonly request: NonNullable<Route['request']> }

function post(
  app: FastifyInstance,
  { path, request, answer }: Post,
  produce: (body: Buffer, caller: Caller) => Promise<string>,
): void {
  app.post(path, { bodyLimit: request.bodyLimit }, async (request, reply) => {
    const { raw, body } = request
    const caller = { connection: raw.socket, gone: () => raw.socket.destroyed }
    const text = await produce((body as Buffer | undefined) ?? EMPTY, caller)
    reply.header('content-type', answer.mediaType)
    // ASCII throughout, so that one byte is one character and nothing has to be measured.
    return Buffer.from(text, 'latin1')
  })
}

const EMPTY = Buffer.alloc(0)

/** Ends connections that send request after request without waiting for an answer. */
function limitPipelines(app: FastifyInstance): void {
  const inFlight = new InFlight()
  app.addHook('onRequest', (request, _reply, done) => {
    inFlight.enter(request.raw.socket)
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    inFlight.leave(request.raw.socket)
    done()
  })
}

/**
 * Requests that come while the process stops are refused: connections that are open may still send
 * some. Those are told to end with the answer they wait for.
 */
function refuseWhenClosing(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })
  app.addHook('onRequest', (_request, _reply, done) => {
    if (closing) done(new AttestationError('ERR_SHUTDOWN', 'the sidecar is stopping'))
    else done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close')
    done()
  })
}

function observe(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.request(route, reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
}

function refuse(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  attester: Attester,
  metrics: Metrics,
): void {
  const refusal = refusalOf(error)
  metrics.refusal(refusal.code)
  log(request, refusal.status, refusal.code, error)
  if (isTemporary(refusal)) reply.header('retry-after', attester.devices.retryAfterS)
  const problem = request.url.startsWith(PROBLEM_PREFIX)
  reply.status(refusal.status).header('x-content-type-options', 'nosniff')
  if (problem) reply.type(MEDIA_TYPES.problem).send(Buffer.from(problemDocument(refusal)))
  else reply.type(PLAIN_TEXT).send(plainText(refusal))
}

/** One line for each refusal; nothing of its body, and of its path only that of a known route. */
function log(request: FastifyRequest, status: number, code: string, error: unknown): void {
  const line = { route: request.routeOptions.url, status, code }
  if (status === 500) request.log.error({ ...line, err: error }, 'refused')
  else if (status === 503) request.log.warn({ ...line, err: error }, 'refused')
  else request.log.info(line, 'refused')
}

/** 404 or 405, in Go's words outside of `/v1/`. */
function refuseRoute(request: FastifyRequest, reply: FastifyReply, metrics: Metrics): void {
  const path = request.url.split('?')[0]
  const known = Object.values<Route>(ROUTES).find((route) => route.path === path)
  metrics.refusal('ERR_REQUEST_ROUTE')
  log(request, known ? 405 : 404, 'ERR_REQUEST_ROUTE', null)
  const allow = known?.method === 'GET' ? 'GET, HEAD' : known?.method
  reply.status(known ? 405 : 404).header('x-content-type-options', 'nosniff')
  if (allow) reply.header('allow', allow)
  if (!request.url.startsWith(PROBLEM_PREFIX)) {
    reply.type(PLAIN_TEXT).send(known ? NOT_ALLOWED : NOT_FOUND)
    return
  }
  const message = known ? `${path} takes ${allow}` : 'no such path'
  const refusal = { status: known ? 405 : 404, code: 'ERR_REQUEST_ROUTE' as const, message }
  reply.type(MEDIA_TYPES.problem).send(Buffer.from(problemDocument(refusal)))
}

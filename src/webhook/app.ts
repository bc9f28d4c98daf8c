// SPDX-License-Identifier: Apache-2.0
// The routes of the webhook: reviews in, answers out, and nothing decided here.

import type { TLSSocket } from 'node:tls'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AttestationError } from '../errors.js'
import { MEDIA_TYPES } from '../protocol.js'
import { bareApp } from '../service/app.js'
import type { Clock } from '../service/clock.js'
import type { ConnectionCounts } from '../service/connections.js'
import { PLAIN_TEXT } from '../service/problem.js'
import { decide, type WebhookPolicy } from './decide.js'
import type { Readiness } from './health.js'
import { Intake, type IntakeLimits } from './intake.js'
import { createMetrics, type Metrics, type ReloadCounts } from './metrics.js'
import { ROUTES, type Route, refuse, refuseRoute } from './refuse.js'
import { parseReview, REVIEW_LEN, reviewAnswer, verdictOf } from './review.js'

export interface AppOptions {
  readonly policy: WebhookPolicy
  readonly clock: Clock
  readonly readiness: Readiness
  /** Whether a review counts only on a connection with a certificate of a client that was verified. */
  readonly clientCertificates?: boolean
  /** End of the certificate in use, for the metrics. */
  readonly certificateExpiry?: () => Date | null
  /** Of the server, for the metrics. */
  readonly connections?: () => ConnectionCounts
  readonly reloads?: () => ReloadCounts
  /** Room for bodies; as much as 256 MiB of memory have by default. */
  readonly intake?: IntakeLimits
  /** What goes to fastify as it is: https, logger, time-outs. */
  readonly server?: Readonly<Record<string, unknown>>
}

const KIB = 0x400
const MIB = 0x100000
const INTAKE: IntakeLimits = { body: REVIEW_LEN, free: 32 * KIB, shared: 28 * MIB }

/** The webhook's HTTP application. */
export function buildApp(options: AppOptions): FastifyInstance {
  const { clock, readiness } = options
  const metrics = createMetrics({
    clock,
    readiness,
    certificateExpiry: options.certificateExpiry ?? (() => null),
    connections: options.connections ?? (() => null),
    reloads: options.reloads ?? (() => ({ done: 0, failed: 0 })),
  })
  const app = bareApp({
    bodyLimit: REVIEW_LEN,
    frameworkErrors: (_error, request, reply) => refuseRoute(request, reply),
    server: options.server,
  })
  app.addHook('onRequest', (_request, reply, done) => {
    // Whoever asks while the process ends asks another one next time.
    if (readiness.stopping) reply.header('connection', 'close')
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.request(route, reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply, metrics))
  app.setNotFoundHandler((request, reply) => refuseRoute(request, reply))
  addRoutes(app, options, metrics)
  return app
}

function addRoutes(app: FastifyInstance, options: AppOptions, metrics: Metrics): void {
  const { readiness } = options
  // A body is read by its route, and only after its client was found to be one.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(MEDIA_TYPES.json, (_request, _payload, done) => done(null))
  get(app, ROUTES.healthz, () => 'ok\n')
  get(app, ROUTES.readyz, () => {
    const { trouble, warnings } = readiness
    if (trouble) throw trouble
    return ['ok', ...warnings.map((words) => `warning: ${words}`), ''].join('\n')
  })
  get(app, ROUTES.metrics, () => metrics.text(), metrics.contentType)
  const intake = new Intake(options.intake ?? INTAKE)
  app.post(ROUTES.mutate.path, async (request, reply) => {
    if (options.clientCertificates) checkClient(request.socket as TLSSocket)
    const length = Number(request.headers['content-length'])
    const answer = await intake.take(request.raw, length, (bytes) =>
      admit(bytes, request, options.policy, metrics),
    )
    reply.header('content-type', MEDIA_TYPES.json)
    return Buffer.from(answer)
  })
}

/** One line for each admission, and nothing of the Pod in it. */
function admit(
  bytes: Buffer,
  { log }: FastifyRequest,
  policy: WebhookPolicy,
  metrics: Metrics,
): string {
  const review = parseReview(bytes)
  const { uid, dryRun, request } = review
  const decided = decide(request, policy)
  const answer = reviewAnswer(review, decided)
  const { decision, code } = verdictOf(decided)
  const { operation, namespace } = request
  metrics.admission(decision, code)
  log.info({ uid, namespace, operation, decision, code, ...(dryRun && { dryRun }) }, 'admission')
  return answer
}

/**
 * A certificate, and one that was verified. A session that is taken up again counts as verified even
 * where its client never had a certificate.
 */
function checkClient(socket: TLSSocket): void {
  if (socket.authorized && socket.getPeerX509Certificate() !== undefined) return
  throw new AttestationError(
    'ERR_CLIENT_CERTIFICATE',
    'reviews are taken from clients only that show a certificate of --client-ca',
  )
}

function get(
  app: FastifyInstance,
  { path }: Route,
  produce: () => string | Promise<string>,
  contentType: string = PLAIN_TEXT,
): void {
  app.get(path, async (_request, reply) => {
    const text = await produce()
    reply.header('content-type', contentType)
    return Buffer.from(text)
  })
}

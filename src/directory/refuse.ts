// SPDX-License-Identifier: Apache-2.0
// How a request is refused: counted, logged in one line, and told to the client as a problem document.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Code } from '../errors.js'
import { MEDIA_TYPES } from '../protocol.js'
import { problemDocument, type Refusal } from '../service/problem.js'
import { refusalBy } from '../service/refusal.js'
import { COMMON_HEADERS } from './answer.js'
import { UNCACHED } from './cache.js'
import type { Metrics } from './metrics.js'
import { ROUTES, type Route } from './openapi.js'

/** When to come back where nobody can say. */
const RETRY_AFTER_S = 5
/** What anybody can bring about, and as often as they like. */
const QUIET: ReadonlySet<number> = new Set([400, 404, 405, 414, 429])

export interface RefusalOptions {
  readonly metrics: Metrics
  /** `Cache-Control` of what is not there. */
  readonly absent: string
}

/** @param retryAfterS of a refusal that passes */
export function refuse(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { metrics, absent }: RefusalOptions,
  retryAfterS = RETRY_AFTER_S,
): void {
  const refusal = refusalBy('directory', error)
  const { status, code } = refusal
  metrics.refusal(code)
  const line = { route: request.routeOptions.url, status, code }
  if (status === 500) request.log.error({ ...line, err: error }, 'refused')
  else request.log[QUIET.has(status) ? 'debug' : 'info'](line, 'refused')
  if (status === 429 || status === 503) reply.header('retry-after', retryAfterS)
  send(reply, refusal, status === 404 ? absent : UNCACHED)
}

/** Paths that are not there, and methods. Nothing of what was asked for is repeated. */
export function refuseRoute(
  request: FastifyRequest,
  reply: FastifyReply,
  { metrics }: RefusalOptions,
): void {
  const code: Code = 'ERR_REQUEST_ROUTE'
  metrics.refusal(code)
  const path = (request.url.split('?')[0] as string).split('/')
  const known = Object.values<Route>(ROUTES).find((route) => fits(route.path.split('/'), path))
  const methods = ['GET', ...(known?.head ? ['HEAD'] : []), 'OPTIONS']
  // A known path that is read, and is here all the same, has a part that is too long.
  if (!known || methods.includes(request.method)) {
    // No cache keeps it: there are as many wrong paths as somebody cares to write.
    send(reply, { status: 404, code, message: 'no such path; see /openapi.json' }, UNCACHED)
    return
  }
  const allow = methods.join(', ')
  reply.header('allow', allow)
  send(reply, { status: 405, code, message: `this path takes ${allow}` }, UNCACHED)
}

const fits = (pattern: readonly string[], path: readonly string[]): boolean =>
  pattern.length === path.length &&
  pattern.every((part, at) => part.startsWith('{') || part === path[at])

function send(reply: FastifyReply, refusal: Refusal, cacheControl: string): void {
  for (let at = 0; at < COMMON_HEADERS.length; at += 2) {
    reply.header(COMMON_HEADERS[at] as string, COMMON_HEADERS[at + 1])
  }
  reply
    .status(refusal.status)
    .header('cache-control', cacheControl)
    .type(MEDIA_TYPES.problem)
    .send(Buffer.from(problemDocument(refusal)))
}

// SPDX-License-Identifier: Apache-2.0
// How a request is refused: counted, logged in one line, and told to the client.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { MEDIA_TYPES } from '../protocol.js'
import { PLAIN_TEXT, plainText, problemDocument } from '../service/problem.js'
import type { Attester } from './attester.js'
import type { Metrics } from './metrics.js'
import { PROBLEM_PREFIX, ROUTES, type Route } from './openapi.js'
import { isTemporary, refusalOf } from './problem.js'

/** As Go's router says it. */
const NOT_FOUND = '404 page not found\n'
const NOT_ALLOWED = 'Method Not Allowed\n'

/** Overload, and clients that did not wait for their answer. */
const QUIET: ReadonlySet<string> = new Set(['ERR_QUEUE_FULL', 'ERR_QUEUE_CANCELLED'])

export function refuse(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  attester: Attester,
  metrics: Metrics,
): void {
  const refusal = refusalOf(error)
  metrics.refusal(refusal.code)
  log(request, reply, refusal.status, refusal.code, error)
  if (isTemporary(refusal)) reply.header('retry-after', attester.devices.retryAfterS)
  const problem = request.url.startsWith(PROBLEM_PREFIX)
  reply.status(refusal.status).header('x-content-type-options', 'nosniff')
  if (problem) reply.type(MEDIA_TYPES.problem).send(Buffer.from(problemDocument(refusal)))
  else reply.type(PLAIN_TEXT).send(plainText(refusal))
}

/** One line for each refusal; nothing of its body, and of its path only that of a known route. */
function log(
  { log, routeOptions }: FastifyRequest,
  { elapsedTime }: FastifyReply,
  status: number,
  code: string,
  error: unknown,
): void {
  const line = { route: routeOptions.url, status, code, ms: Math.round(elapsedTime) }
  if (status === 500) log.error({ ...line, err: error }, 'refused')
  // Anybody can bring these about: the metrics count them, and writing them down would be part of the load.
  else if (QUIET.has(code)) log.debug(line, 'refused')
  else if (status === 503) log.warn({ ...line, ...reasonOf(error as Error) }, 'refused')
  else log.info(line, 'refused')
}

/** Without the stack of our own refusal: under load there are thousands of these, all the same. */
const reasonOf = ({ message, cause }: Error): object => ({
  reason: message,
  ...(cause !== undefined && { err: cause }),
})

/** 404 or 405, in Go's words outside of `/v1/`. */
export function refuseRoute(request: FastifyRequest, reply: FastifyReply, metrics: Metrics): void {
  const path = request.url.split('?')[0]
  const known = Object.values<Route>(ROUTES).find((route) => route.path === path)
  metrics.refusal('ERR_REQUEST_ROUTE')
  log(request, reply, known ? 405 : 404, 'ERR_REQUEST_ROUTE', null)
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

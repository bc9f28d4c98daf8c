// SPDX-License-Identifier: Apache-2.0
// How a request is refused that is no review: counted, logged in one line, and told in plain text,
// because of that the API server shows its users the text, and of JSON nothing.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { PATHS } from '../protocol.js'
import { PLAIN_TEXT, plainText } from '../service/problem.js'
import { refusalBy } from '../service/refusal.js'
import type { Metrics } from './metrics.js'

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
}

export const ROUTES = {
  mutate: { method: 'POST', path: '/mutate' },
  healthz: { method: 'GET', path: PATHS.healthz },
  readyz: { method: 'GET', path: '/readyz' },
  metrics: { method: 'GET', path: PATHS.metrics },
} as const satisfies Record<string, Route>

/** The API server asks again by itself after so many seconds, as long as its own time lasts. */
const RETRY_AFTER_S = 1

export function refuse(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  metrics: Metrics,
): void {
  const refusal = refusalBy('webhook', error)
  const { status, code } = refusal
  const { url: route } = request.routeOptions
  if (route === ROUTES.mutate.path) metrics.admission('failed', code)
  const line = { route, status, code }
  if (status === 500) request.log.error({ ...line, err: error }, 'refused')
  // Whoever asks for readiness asks every few seconds, and the reason has its own lines.
  else if (route === ROUTES.readyz.path) request.log.debug(line, 'refused')
  else request.log.warn({ ...line, reason: refusal.message }, 'refused')
  if (status === 503) reply.header('retry-after', RETRY_AFTER_S)
  send(reply, status, plainText(refusal))
}

/** 404 or 405. */
export function refuseRoute(request: FastifyRequest, reply: FastifyReply): void {
  const path = request.url.split('?')[0]
  const known = Object.values<Route>(ROUTES).find((route) => route.path === path)
  const status = known ? 405 : 404
  const allow = known?.method === 'GET' ? 'GET, HEAD' : known?.method
  if (allow) reply.header('allow', allow)
  request.log.debug({ status, code: 'ERR_REQUEST_ROUTE' }, 'refused')
  const message = known ? `${path} takes ${allow}` : 'no such path'
  send(reply, status, plainText({ status, code: 'ERR_REQUEST_ROUTE', message }))
}

const send = (reply: FastifyReply, status: number, text: string): void => {
  reply.status(status).header('x-content-type-options', 'nosniff').type(PLAIN_TEXT).send(text)
}

// SPDX-License-Identifier: Apache-2.0
// The routes of the sidecar: bodies in, bodies out, and nothing decided.

import type { FastifyInstance, FastifyReply } from 'fastify'
import { AttestationError } from '../errors.js'
import { MEDIA_TYPES } from '../protocol.js'
import { PLAIN_TEXT } from '../service/problem.js'
import { type Body, infoAnswer } from './answers.js'
import type { Attester, Keys } from './attester.js'
import type { Metrics } from './metrics.js'
import { openapiDocument, ROUTES, type Route } from './openapi.js'
import type { Caller } from './queue.js'
import { parseEvidenceRequest, parseQuoteRequest } from './requests.js'

const EMPTY = Buffer.alloc(0)

/** What the routes stand on. */
export interface Ground {
  readonly attester: Attester
  readonly metrics: Metrics
  readonly keys: Keys
  /** Whether connections end at the TLS key: at none, over plain HTTP. */
  readonly tls: boolean
  /** Whether the process is about to end, and connections with it. */
  readonly isClosing: () => boolean
}

export function addRoutes(app: FastifyInstance, ground: Ground): void {
  const { attester, metrics, keys, tls, isClosing } = ground
  const info = infoAnswer(attester.platform, attester.devices.hasGpus, tls ? keys.tlsSpki : null)
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
  post(app, ROUTES.evidence, isClosing, (body, caller) => {
    const query = parseEvidenceRequest(body)
    if (query.tls && !tls) throw withoutTls('bind')
    return attester.evidence(query, caller)
  })
  app.register(async (scope) => {
    // AEP-83's first sidecar never looks at the type, and its clients need not declare a true one.
    scope.addHook('onRequest', (request, _reply, done) => {
      request.headers['content-type'] = MEDIA_TYPES.json
      done()
    })
    post(scope, ROUTES.quote, isClosing, (body, caller) => {
      const query = parseQuoteRequest(body)
      if (query.bindTls && !tls) throw withoutTls('bind_tls')
      return attester.quote(query, caller)
    })
  })
}

const withoutTls = (member: string) =>
  new AttestationError(
    'ERR_REQUEST_FIELD',
    `"${member}": this sidecar speaks plain HTTP, and has no TLS key to bind`,
  )

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
  isClosing: () => boolean,
  produce: (body: Buffer, caller: Caller) => Promise<Body>,
): void {
  app.post(path, { bodyLimit: request.bodyLimit }, async (request, reply) => {
    const { raw, body } = request
    const caller = { connection: raw.socket, gone: () => raw.socket.destroyed }
    const answered = await produce((body as Buffer | undefined) ?? EMPTY, caller)
    send(reply, answer.mediaType, isClosing(), answered)
  })
}

/**
 * Writes a body past the framework, which takes one piece only. Both leave in one write to the socket,
 * the text together with the headers.
 */
function send(
  reply: FastifyReply,
  mediaType: string,
  isLast: boolean,
  { own, shared }: Body,
): void {
  const { raw } = reply
  reply.hijack()
  if (raw.destroyed) return
  if (isLast) raw.setHeader('connection', 'close')
  const length = own.length + shared.length
  raw.writeHead(200, { 'content-type': mediaType, 'content-length': length })
  raw.cork()
  raw.write(own, 'latin1')
  raw.end(shared)
  raw.uncork()
}

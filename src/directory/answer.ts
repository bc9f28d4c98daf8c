// SPDX-License-Identifier: Apache-2.0
// How an answer is written: past the framework, with all of its head prepared, because that is half of
// what an answer from memory costs.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { MEDIA_TYPES } from '../protocol.js'
import { namesTag } from './cache.js'

/** What is sent of a resource; of what is not cached, `etag` is null. */
export interface Representation {
  readonly mediaType: string
  readonly cacheControl: string
  readonly etag: string | null
  /** ASCII, or bytes. */
  body(): string | Buffer
}

/** Whoever it is for, anybody may read it, from any page. */
const READABLE = ['access-control-allow-origin', '*']
/** Of every answer with a body. */
export const COMMON_HEADERS = [
  ...READABLE,
  'access-control-expose-headers',
  'ETag, Age, Date, Retry-After',
  'x-content-type-options',
  'nosniff',
]

/**
 * Writes 200, or 304 where the client has it already. There is no `Vary`: the answer is the same for
 * every origin and every encoding, so that a cache needs to keep it once.
 */
export function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { mediaType, cacheControl, etag, body }: Representation,
): void {
  reply.hijack()
  const { raw } = reply
  const known = request.headers['if-none-match']
  if (etag !== null && known !== undefined && namesTag(known, etag)) {
    // What is not said again stays as it was.
    raw.writeHead(304, [...READABLE, 'cache-control', cacheControl, 'etag', etag])
    raw.end()
    return
  }
  const content = body()
  const headers = [...COMMON_HEADERS, 'cache-control', cacheControl, 'content-type', mediaType]
  headers.push('content-length', `${content.length}`)
  if (etag !== null) headers.push('etag', etag)
  raw.writeHead(200, headers)
  if (typeof content === 'string') raw.end(content, 'latin1')
  else raw.end(content)
}

export const JSON_TYPE = MEDIA_TYPES.json

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

/** Of every answer: whoever it is for, anybody may read it, from any page. */
export const COMMON_HEADERS = [
  'access-control-allow-origin',
  '*',
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
  const headers = [...COMMON_HEADERS, 'cache-control', cacheControl]
  if (etag !== null) headers.push('etag', etag)
  const known = request.headers['if-none-match']
  if (etag !== null && known !== undefined && namesTag(known, etag)) {
    raw.writeHead(304, headers)
    raw.end()
    return
  }
  const content = body()
  headers.push('content-type', mediaType, 'content-length', `${content.length}`)
  raw.writeHead(200, headers)
  if (typeof content === 'string') raw.end(content, 'latin1')
  else raw.end(content)
}

export const JSON_TYPE = MEDIA_TYPES.json

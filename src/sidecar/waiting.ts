// SPDX-License-Identifier: Apache-2.0
// What a sidecar answers that has nothing to attest with: 503 everywhere, and why.

import type { RequestListener } from 'node:http'
import type { AttestationError } from '../errors.js'
import { MEDIA_TYPES } from '../protocol.js'
import { PLAIN_TEXT, plainText, problemDocument } from '../service/problem.js'
import { PROBLEM_PREFIX } from './openapi.js'

const UNAVAILABLE = 503
/** The device is looked for again all the time. */
const RETRY_AFTER_S = 5

/** Answers every request with `reason`. */
export function notYet({ code, message }: AttestationError): RequestListener {
  const refusal = { status: UNAVAILABLE, code, message }
  return ({ method, url = '' }, response) => {
    const problem = url.startsWith(PROBLEM_PREFIX)
    const body = problem ? problemDocument(refusal) : plainText(refusal)
    response.writeHead(UNAVAILABLE, {
      'Content-Type': problem ? MEDIA_TYPES.problem : PLAIN_TEXT,
      'X-Content-Type-Options': 'nosniff',
      'Retry-After': RETRY_AFTER_S,
      // The body of the request is not read, so nothing can follow it.
      Connection: 'close',
      'Content-Length': Buffer.byteLength(body),
    })
    response.end(method === 'HEAD' ? undefined : body)
  }
}

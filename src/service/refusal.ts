// SPDX-License-Identifier: Apache-2.0
// What a client of a service of ours is told about an error: status, code and one sentence.

import { AttestationError, CODES, type Code, type Layer } from '../errors.js'
import type { Refusal } from './problem.js'

const STATUS_OF_LAYER: Readonly<Record<Layer, number>> = {
  request: 400,
  evidence: 500,
  endorsement: 500,
  policy: 500,
  unavailable: 503,
  internal: 500,
}
const STATUS_OF_CODE: Partial<Readonly<Record<Code, number>>> = {
  ERR_REQUEST_ROUTE: 404,
  ERR_REQUEST_SIZE: 413,
  ERR_REQUEST_MEDIA_TYPE: 415,
  ERR_REQUEST_URL: 414,
  ERR_REQUEST_RATE: 429,
  ERR_LEASE_UNKNOWN: 404,
  ERR_EXPECTATIONS_UNKNOWN: 404,
  ERR_CLIENT_CERTIFICATE: 403,
  ERR_RAW_DENIED: 403,
  ERR_LEVEL_FLOOR: 403,
}

/** Statuses with which fastify refuses a request before a handler sees it. */
const CODE_OF_STATUS: Readonly<Record<number, readonly [Code, string]>> = {
  413: ['ERR_REQUEST_SIZE', 'the body is larger than any request'],
  415: ['ERR_REQUEST_MEDIA_TYPE', 'a body of type application/json expected'],
}

/**
 * What a client is told about `error`. Whatever is not meant for it stays in the log.
 *
 * @param service what it was that refused, in a word
 */
export function refusalBy(service: string, error: unknown): Refusal {
  const known = error instanceof AttestationError ? error : fromFramework(error)
  const { code, message } = known
  const status = STATUS_OF_CODE[code] ?? STATUS_OF_LAYER[CODES[code]]
  return {
    status,
    code,
    message: status === 500 ? `something went wrong in the ${service}` : message,
  }
}

function fromFramework(error: unknown): AttestationError {
  const { statusCode = 500 } = error as { readonly statusCode?: number }
  const [code, message] = CODE_OF_STATUS[statusCode] ?? []
  if (code && message) return new AttestationError(code, message, { cause: error })
  return statusCode < 500
    ? new AttestationError('ERR_REQUEST_BODY', 'the body is not what its headers say', {
        cause: error,
      })
    : new AttestationError('ERR_INTERNAL', 'unexpected', { cause: error })
}

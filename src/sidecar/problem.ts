// SPDX-License-Identifier: Apache-2.0
// What a client of the sidecar is told about an error: status, code and one sentence.

import { AttestationError, CODES, type Code, type Layer } from '../errors.js'
import type { Refusal } from '../service/problem.js'

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
  ERR_RAW_DENIED: 403,
  ERR_LEVEL_FLOOR: 403,
}
/** What coming back later does not mend. */
const NO_RETRY: ReadonlySet<Code> = new Set([
  'ERR_DEVICE_LOST',
  'ERR_DEVICE_PROVIDER',
  'ERR_GPU_UNSUPPORTED',
  'ERR_GPU_MODE',
  'ERR_GPU_DEVTOOLS',
  'ERR_GPU_LOST',
])

/** Whether the device stays as it is until somebody restarts or changes the guest. */
export const isFinal = (code: Code): boolean => NO_RETRY.has(code)

/** Statuses with which fastify refuses a request before a handler sees it. */
const CODE_OF_STATUS: Readonly<Record<number, readonly [Code, string]>> = {
  413: ['ERR_REQUEST_SIZE', 'the body is larger than any request'],
  415: ['ERR_REQUEST_MEDIA_TYPE', 'a body of type application/json expected'],
}

/** What a client is told about `error`. Whatever is not meant for it stays in the log. */
export function refusalOf(error: unknown): Refusal {
  const known = error instanceof AttestationError ? error : fromFramework(error)
  const { code, message } = known
  const status = STATUS_OF_CODE[code] ?? STATUS_OF_LAYER[CODES[code]]
  return { status, code, message: status === 500 ? 'something went wrong in the sidecar' : message }
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

/** Whether coming back later may help. */
export const isTemporary = ({ status, code }: Refusal): boolean => status === 503 && !isFinal(code)

// SPDX-License-Identifier: Apache-2.0
// Refusals on the wire: status, code and one sentence, as plain text or as a problem document (RFC 9457).

import type { Code } from '../errors.js'
import { MEDIA_TYPES } from '../protocol.js'

export interface Refusal {
  readonly status: number
  readonly code: Code
  /** One sentence, fit for strangers. */
  readonly message: string
}

/** A body in Go's manner: one line. */
export const plainText = ({ code, message }: Refusal): string => `${code}: ${message}\n`

/** RFC 9457; `code` is the member to tell refusals apart by. */
export const problemDocument = ({ status, code, message }: Refusal): string =>
  JSON.stringify({
    type: 'about:blank',
    title: TITLES[status],
    status,
    code,
    detail: message,
  })

/** As RFC 9110 names the statuses. */
const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

export const PLAIN_TEXT = `${MEDIA_TYPES.text}; charset=utf-8`

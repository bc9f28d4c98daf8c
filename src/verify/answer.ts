// SPDX-License-Identifier: Apache-2.0
// One request and its answer: sent once, read to the end or to the limit, and sorted by what to do
// next.

import { joinBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError, type Code } from '../errors.js'

/** What is asked for. */
export interface Wanted {
  readonly url: string
  /** In words, for people: no URL. */
  readonly what: string
  /** The answer is not read beyond this many bytes. */
  readonly maxLength: number
  /** Besides those of the host, such as the caller's key. They appear in no message. */
  readonly headers?: Readonly<Record<string, string>>
  /** What is sent along, by POST. */
  readonly body?: string | Bytes
}

export type Answer =
  | { readonly bytes: Bytes }
  /** The service wants to be left alone: until that time, or it does not say until when. */
  | { readonly pauseUntil: number | null }
  | { readonly refusal: AttestationError; readonly retry: boolean }

/**
 * A revocation list out of a browser's own cache would be older than anybody here knows, and no
 * service needs to know who asks from where. Redirects are not followed at all: what is pinned by
 * its address stays at its address.
 */
const INIT: RequestInit = {
  redirect: 'manual',
  cache: 'no-store',
  credentials: 'omit',
  referrerPolicy: 'no-referrer',
}

/** Sends one request. Whatever may go wrong with the service or the way to it is an answer, too. */
export async function ask(
  send: typeof fetch,
  wanted: Wanted,
  now: () => number,
  signal: AbortSignal,
): Promise<Answer> {
  let response: Response
  try {
    response = await send(wanted.url, { ...INIT, ...content(wanted), signal })
  } catch (cause) {
    return broken(wanted, `no answer${reason(cause)}`, cause)
  }
  return response.status === 200 ? read(wanted, response) : notOk(wanted, response, now)
}

const content = ({ headers, body }: Wanted): RequestInit => ({
  method: body === undefined ? 'GET' : 'POST',
  ...(headers && { headers }),
  ...(body !== undefined && { body }),
})

function notOk(wanted: Wanted, { status, headers, type }: Response, now: () => number): Answer {
  const pauseUntil = retryAfter(headers, now)
  if (status === 429 || (status === 503 && pauseUntil !== null)) return { pauseUntil }
  if (status === 404) {
    return final(wanted, 'ERR_ENDORSER_NOT_FOUND', 'the service has none (status 404)')
  }
  const redirect = type === 'opaqueredirect' || (300 <= status && status < 400)
  const detail = redirect ? 'a redirect, which is not followed' : `status ${status}`
  const refusal = refuse(wanted, 'ERR_ENDORSER_STATUS', `the service answered with ${detail}`)
  return { refusal, retry: status >= 500 }
}

/** Retry-After as a time: seconds from now, or a date by the clock of the service (RFC 9110 10.2.3). */
function retryAfter(headers: Headers, now: () => number): number | null {
  const value = headers.get('retry-after') ?? ''
  if (/^\d+$/.test(value)) return now() + Number(value) * 1000
  // Without the zone hosts take nearly anything for a date.
  const until = value.endsWith(' GMT') ? Date.parse(value) : Number.NaN
  if (Number.isNaN(until)) return null
  const date = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(date) ? until : now() + until - date
}

async function read(wanted: Wanted, response: Response): Promise<Answer> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    const reader = response.body?.getReader()
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
      length += part.value.length
      if (length > wanted.maxLength) {
        reader?.cancel().catch(() => undefined)
        return wrong(wanted, `more than ${wanted.maxLength} bytes`)
      }
      chunks.push(part.value)
    }
  } catch (cause) {
    return broken(wanted, `the connection broke after ${length} bytes${reason(cause)}`, cause)
  }
  const declared = declaredLength(response)
  if (declared !== null && declared !== length) {
    return broken(wanted, `the answer ended after ${length} of ${declared} bytes`)
  }
  return length === 0 ? wrong(wanted, 'an empty answer') : { bytes: joinBytes(chunks) }
}

/**
 * Content-Length, where it says how many bytes are to be read: not of a compressed answer, and
 * browsers hide from a page whether one of another origin was compressed.
 */
function declaredLength({ headers, type }: Response): number | null {
  const length = headers.get('content-length')
  const opaque = type === 'cors' || headers.has('content-encoding')
  return length === null || opaque ? null : Number(length)
}

/** What the host says about a failed connection, as ` (ECONNREFUSED)`: a code, never a sentence. */
function reason(error: unknown): string {
  const { code } = ((error as { cause?: unknown } | null)?.cause ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code) ? ` (${code})` : ''
}

/** A refusal that names what was asked for. */
export const refuse = (
  { what }: Pick<Wanted, 'what'>,
  code: Code,
  detail: string,
  options?: ErrorOptions,
): AttestationError => new AttestationError(code, `${what}: ${detail}`, options)

const broken = (wanted: Wanted, detail: string, cause?: unknown): Answer => ({
  refusal: refuse(wanted, 'ERR_ENDORSER_NETWORK', detail, { cause }),
  retry: true,
})

const final = (wanted: Wanted, code: Code, detail: string): Answer => ({
  refusal: refuse(wanted, code, detail),
  retry: false,
})

const wrong = (wanted: Wanted, detail: string): Answer =>
  final(wanted, 'ERR_ENDORSER_ANSWER', detail)

// SPDX-License-Identifier: Apache-2.0
// One request to an Attester and its answer: bounded in time and size, JSON or an error with a code.

import { joinBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { parseJson } from '../evidence.js'
import { LIMITS, MEDIA_TYPES } from '../protocol.js'
import { withDeadline } from './deadline.js'
import { mediaType, statusError } from './status.js'
import type { Transport, TransportAnswer } from './transport.js'

/** How to reach an Attester. */
export interface Reach {
  /** Base URL of a sidecar, or full URL of the endpoint. `https:`, or `http:` to this machine. */
  readonly url: string
  readonly transport: Transport
  /** More headers, such as `authorization` for a provider gateway. */
  readonly headers?: Readonly<Record<string, string>>
  /** For the whole exchange; {@link TIMEOUT_MS} when not given. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** An answer, and whose connection carried it. */
export interface Exchanged {
  /** The answer as parsed from JSON. */
  readonly answer: unknown
  /** DER key of the connection that carried it; null when the transport does not know. */
  readonly channelSpki: Bytes | null
}

/** A queue of requests before one security processor takes its time. */
export const TIMEOUT_MS = 60_000
const TIMEOUT_MAX_MS = 0x7fffffff
/** As much of an error's body as is worth reading. */
const ERROR_BODY_MAX = 0x4000
const HTTP_OK = 200

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/
const HEADER_VALUE = /^[\t -~]*$/

export const REACH_NAMES = ['url', 'transport', 'headers', 'timeoutMs', 'signal'] as const

/**
 * Asks, and reads the answer. Rejects with the signal's own reason when the caller aborts.
 *
 * @param body of a POST; null for a GET
 * @throws {AttestationError} `ERR_ARGUMENT`, `ERR_ATTESTER_NETWORK`, `ERR_ATTESTER_TIMEOUT`,
 * `ERR_ATTESTER_STATUS`, `ERR_ATTESTER_REFUSED`, `ERR_ATTESTER_ANSWER`
 */
export async function exchange(reach: Reach, url: URL, body: object | null): Promise<Exchanged> {
  const headers = requestHeaders(reach.headers ?? {}, body !== null)
  const timeoutMs = checkTimeout(reach.timeoutMs ?? TIMEOUT_MS)
  const late = new AttestationError(
    'ERR_ATTESTER_TIMEOUT',
    `the attester did not answer within ${timeoutMs} ms`,
  )
  return withDeadline(timeoutMs, late, reach.signal, async (signal) => {
    const answer = await connected(() =>
      reach.transport({
        method: body ? 'POST' : 'GET',
        url,
        headers,
        body: body && JSON.stringify(body),
        signal,
      }),
    )
    return receive(answer)
  })
}

async function receive({ status, headers, body, peerSpki }: TransportAnswer): Promise<Exchanged> {
  if (status !== HTTP_OK) {
    const { bytes } = await connected(() => collect(body, ERROR_BODY_MAX))
    throw statusError({ status, headers, body: bytes })
  }
  const { bytes, whole } = await connected(() => collect(body, LIMITS.document))
  if (!whole) throw unreadable(`an answer of at most ${LIMITS.document} bytes expected`)
  if (mediaType(headers) !== MEDIA_TYPES.json) throw unreadable(`${MEDIA_TYPES.json} expected`)
  return { answer: parseJson(bytes, 'ERR_ATTESTER_ANSWER'), channelSpki: peerSpki }
}

/** The first `most` bytes of a body, and whether that was all. */
async function collect(
  body: AsyncIterable<Uint8Array>,
  most: number,
): Promise<{ bytes: Bytes; whole: boolean }> {
  const chunks: Uint8Array[] = []
  let length = 0
  let whole = true
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    whole = length <= most
    if (!whole) break
  }
  return { bytes: joinBytes(chunks).slice(0, most), whole }
}

/** Whatever a transport throws, but for a refusal of its own, means that there is no connection. */
async function connected<Value>(run: () => Promise<Value>): Promise<Value> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    const sentence = ['no answer from the attester', reasonOf(cause)].filter(Boolean).join(': ')
    throw new AttestationError('ERR_ATTESTER_NETWORK', sentence, { cause })
  }
}

/** The system's own code, which `fetch` hides one level down; empty without one. */
function reasonOf(error: unknown): string {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown }
  const own: unknown = code ?? Object(cause).code
  return typeof own === 'string' && /^\w{1,64}$/.test(own) ? own : ''
}

function requestHeaders(
  headers: Readonly<Record<string, string>>,
  withBody: boolean,
): Record<string, string> {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) {
      throw new AttestationError('ERR_ARGUMENT', 'a header is not one of HTTP')
    }
    own[name.toLowerCase()] = value
  }
  own.accept = `${MEDIA_TYPES.json}, ${MEDIA_TYPES.problem}`
  if (withBody) own['content-type'] = MEDIA_TYPES.json
  return own
}

function checkTimeout(ms: number): number {
  if (Number.isInteger(ms) && ms > 0 && ms <= TIMEOUT_MAX_MS) return ms
  throw new AttestationError('ERR_ARGUMENT', `timeoutMs of 1 to ${TIMEOUT_MAX_MS} expected`)
}

const unreadable = (message: string): AttestationError =>
  new AttestationError('ERR_ATTESTER_ANSWER', `the attester's answer: ${message}`)

// SPDX-License-Identifier: Apache-2.0
// One question to one directory: bounded in time and size, and nowhere else than where it was sent.

import { joinBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError, type Code } from '../errors.js'
import { MEDIA_TYPES } from '../protocol.js'
import { withDeadline } from './deadline.js'
import { mediaType } from './status.js'
import { endpoint } from './urls.js'

/** What one directory is asked. */
export interface Question {
  /** Base URL of the directory. */
  readonly directory: string
  readonly path: string
  /** Bytes of the longest answer. */
  readonly limit: number
  /** Tag of an answer that is at hand; null without one. */
  readonly etag: string | null
}

export interface Asking {
  readonly fetch: typeof globalThis.fetch
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

export interface DirectoryAnswer {
  /** Null when what is at hand still holds. */
  readonly bytes: Bytes | null
  readonly etag: string | null
}

const ETAG = /^(?:W\/)?"[!#-~]{0,256}"$/
const OK = 200
const NOT_MODIFIED = 304
const NOT_FOUND = 404

/**
 * Asks. Nothing of the caller goes along: no cookie, no header of its own, no referrer.
 *
 * @throws {AttestationError} an `ERR_DIRECTORY_…` code, or `ERR_ARGUMENT` for a URL that is none
 */
export async function askDirectory(question: Question, asking: Asking): Promise<DirectoryAnswer> {
  const { timeoutMs, signal: outer } = asking
  const url = endpoint(question.directory, question.path)
  const late = failure('ERR_DIRECTORY_TIMEOUT', `it did not answer within ${timeoutMs} ms`)
  return withDeadline(timeoutMs, late, outer, async (signal) => {
    const response = await connected(() => request(url, question.etag, asking.fetch, signal))
    try {
      return await receive(response, question)
    } finally {
      // Closes the connection where the rest is of no interest; there is nobody to tell if it fails.
      response.body?.cancel().catch(() => {})
    }
  })
}

async function receive(response: Response, { etag, limit }: Question): Promise<DirectoryAnswer> {
  checkStatus(response, etag)
  const tag = response.headers.get('etag') ?? ''
  const own = ETAG.test(tag) ? tag : null
  if (response.status === NOT_MODIFIED) return { bytes: null, etag: own }
  if (mediaType(response.headers) !== MEDIA_TYPES.json) {
    throw failure('ERR_DIRECTORY_ANSWER', `${MEDIA_TYPES.json} expected`)
  }
  return { bytes: await connected(() => collect(response.body, limit)), etag: own }
}

const request = (
  url: URL,
  etag: string | null,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<Response> =>
  fetch(url.href, {
    headers: { accept: MEDIA_TYPES.json, ...(etag !== null && { 'if-none-match': etag }) },
    signal,
    // Not followed, and told apart from a broken connection.
    redirect: 'manual',
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
  })

function checkStatus({ status, type }: Response, etag: string | null): void {
  if (status === OK || (status === NOT_MODIFIED && etag !== null)) return
  // Browsers hide all of a redirect, its status included.
  if (type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== NOT_MODIFIED)) {
    throw failure('ERR_DIRECTORY_REDIRECT', 'it points elsewhere, where nobody asked to go')
  }
  if (status === NOT_FOUND) throw failure('ERR_DIRECTORY_NOT_FOUND', 'it knows nothing of it')
  throw failure('ERR_DIRECTORY_STATUS', `it answered ${status}`)
}

async function collect(stream: Response['body'], limit: number): Promise<Bytes> {
  if (stream === null) return new Uint8Array()
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      chunks.push(next.value)
      length += next.value.length
      if (length > limit) {
        throw failure('ERR_DIRECTORY_SIZE', `an answer of at most ${limit} bytes expected`)
      }
    }
    return joinBytes(chunks)
  } finally {
    reader.releaseLock()
  }
}

/** Whatever a connection throws means that there is none, or no longer. */
async function connected<Value>(run: () => Promise<Value>): Promise<Value> {
  try {
    return await run()
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    throw failure('ERR_DIRECTORY_NETWORK', 'no answer', { cause })
  }
}

const failure = (code: Code, sentence: string, options?: ErrorOptions): AttestationError =>
  new AttestationError(code, `the directory: ${sentence}`, options)

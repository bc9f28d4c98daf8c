// SPDX-License-Identifier: Apache-2.0
// GET requests to the API server, each of which ends: with an answer, with a refusal, or in time.

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https'
import type { Clock } from '../service/clock.js'
import type { KubeAccess } from './kube-access.js'

export type Query = Readonly<Record<string, string>>

/** An answer other than 200, or an event that says as much. */
export class ApiRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** What the API server asks to wait. */
    readonly retryAfterMs = 0,
  ) {
    super(message)
  }
}

/** An answer that cannot be what the API server meant. */
export class ApiAnswer extends Error {}

/** Nothing came for too long. */
export class ApiSilence extends Error {}

const HEADERS_MS = 30_000
const BODY_MS = 60_000
/** One page holds at most a few hundred objects, and etcd none above 1.5 MiB. */
const BODY_LEN = 0x8000000
const STATUS_LEN = 0x10000
/** The kernel asks a peer that says nothing whether it is there, after so long. */
const PROBE_AFTER_MS = 15_000
const MOST_RETRY_AFTER_S = 60

export class KubeApi {
  readonly #agents = [
    new HttpAgent({ keepAlive: true }),
    new HttpsAgent({ keepAlive: true }),
  ] as const

  constructor(
    readonly access: KubeAccess,
    readonly clock: Clock,
  ) {}

  /**
   * The answer, as soon as its headers are there.
   *
   * @throws {ApiRefusal | ApiSilence | Error} the last for what the network says
   */
  async open(path: string, query: Query, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#send(path, query, signal)
    if (response.statusCode === 200) return response
    throw await this.#refusal(response)
  }

  /**
   * The JSON of a whole answer.
   *
   * @throws as `open`, and {ApiAnswer}
   */
  async json(path: string, query: Query, signal: AbortSignal): Promise<unknown> {
    const text = await this.#body(await this.open(path, query, signal), BODY_LEN)
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new ApiAnswer(`the API server's answer to ${path} is not JSON`, { cause })
    }
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy()
  }

  async #send(path: string, query: Query, signal: AbortSignal): Promise<IncomingMessage> {
    const { url } = this.access
    const secure = url.protocol === 'https:'
    const own = await this.access.options()
    const options: RequestOptions = {
      agent: this.#agents[secure ? 1 : 0],
      ...own,
      headers: { ...own.headers, accept: 'application/json' },
      signal,
    }
    const target = new URL(`${url.pathname.replace(/\/$/, '')}${path}`, url)
    target.search = new URLSearchParams(query).toString()
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(target, options)
      const silence = new ApiSilence('the API server does not answer')
      const cancel = this.clock.after(HEADERS_MS, () => request.destroy(silence))
      request.once('socket', (socket) => socket.setKeepAlive(true, PROBE_AFTER_MS))
      request.once('response', (response) => {
        cancel()
        resolve(response)
      })
      request.on('error', (error) => {
        cancel()
        reject(error)
      })
      request.end()
    })
  }

  async #body(response: IncomingMessage, most: number): Promise<string> {
    const silence = new ApiSilence('the API server does not end its answer')
    const cancel = this.clock.after(BODY_MS, () => response.destroy(silence))
    const chunks: Buffer[] = []
    let length = 0
    try {
      for await (const chunk of response) {
        length += chunk.length
        if (length > most) throw new ApiAnswer('the answer of the API server is too long')
        chunks.push(chunk)
      }
    } finally {
      cancel()
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  async #refusal(response: IncomingMessage): Promise<ApiRefusal> {
    const text = await this.#body(response, STATUS_LEN)
    const seconds = Number(response.headers['retry-after'] ?? 0)
    const retryAfterMs = seconds > 0 ? Math.min(seconds, MOST_RETRY_AFTER_S) * 1_000 : 0
    return new ApiRefusal(response.statusCode as number, sentenceOf(text), retryAfterMs)
  }
}

/** What a `Status` says, or else the first line of whatever this is. */
function sentenceOf(text: string): string {
  try {
    const { message } = JSON.parse(text)
    if (typeof message === 'string') return message
  } catch {
    // A proxy in front of the API server, for one, answers as it likes.
  }
  return (text.split('\n')[0] as string).slice(0, SENTENCE_LEN)
}

const SENTENCE_LEN = 200

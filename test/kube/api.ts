// SPDX-License-Identifier: Apache-2.0
// Requests to an API server as they are: what a test sends is what arrives, and what is answered is seen
// with its status code and warnings, refusals included.

import type { IncomingMessage } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: an object of whatever kind was asked for
  readonly body: any
  /** Of admission. */
  readonly warnings: readonly string[]
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

const JSON_TYPE = 'application/json'

export class Api {
  readonly #agent = new Agent({ keepAlive: true })

  constructor(readonly config: KubeConfig) {}

  async request(method: Method, path: string, body?: unknown, type = JSON_TYPE): Promise<Answer> {
    const url = new URL(path, this.config.getCurrentCluster()?.server)
    const options: RequestOptions = { method, headers: { accept: JSON_TYPE } }
    await this.config.applyToHTTPSOptions(options)
    options.agent = this.#agent
    const text = body === undefined ? '' : JSON.stringify(body)
    if (body !== undefined) {
      // Node would not say how long the body of a DELETE is, which then is taken for another request.
      const length = Buffer.byteLength(text)
      options.headers = { ...options.headers, 'content-type': type, 'content-length': length }
    }
    return this.#send(url, options, text)
  }

  /**
   * The body of an answer that is no refusal.
   *
   * @throws {Error} with the refusal
   */
  // biome-ignore lint/suspicious/noExplicitAny: an object of whatever kind was asked for
  async must(method: Method, path: string, body?: unknown, type?: string): Promise<any> {
    const answer = await this.request(method, path, body, type)
    if (answer.status < 300) return answer.body
    const why = answer.body.message ?? JSON.stringify(answer.body)
    throw new Error(`${method} ${path}: ${answer.status} ${why}`)
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(url: URL, options: RequestOptions, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(url, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => resolve(answer(response, Buffer.concat(chunks).toString())))
      })
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // The connection was lost while nobody used it: nothing was asked yet.
        if (sent.reusedSocket && error.code === 'ECONNRESET') {
          this.#send(url, options, body).then(resolve, reject)
        } else reject(error)
      })
      sent.end(body)
    })
  }
}

function answer(response: IncomingMessage, text: string): Answer {
  const isJson = response.headers['content-type']?.includes(JSON_TYPE)
  return {
    status: response.statusCode as number,
    body: isJson ? JSON.parse(text) : text,
    warnings: warnings(response.headersDistinct.warning),
  }
}

/** `299 - "text"`, one after another. */
function warnings(headers: readonly string[] | undefined): string[] {
  const all = (headers ?? []).join(', ').matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)
  return [...all].map(([, quoted]) => JSON.parse(quoted as string))
}

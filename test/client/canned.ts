// SPDX-License-Identifier: Apache-2.0
// A transport without a network: gives one answer to everything, and keeps what it was asked.

import type { Transport, TransportRequest } from '../../src/client/index.js'
import type { Bytes } from '../../src/core/private-copy.js'

export interface Canned {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text, bytes, chunks, or a value for JSON. */
  readonly body?: unknown
  readonly peerSpki?: Bytes
}

export interface CannedTransport {
  readonly transport: Transport
  readonly asked: TransportRequest[]
}

export function canned(answer: Canned): CannedTransport {
  const asked: TransportRequest[] = []
  const { status = 200, headers = { 'content-type': 'application/json' }, peerSpki = null } = answer
  const transport: Transport = async (request) => {
    asked.push(request)
    return {
      status,
      headers: { get: (name) => headers[name] ?? null },
      body: chunks(answer.body),
      peerSpki,
    }
  }
  return { transport, asked }
}

async function* chunks(body: unknown): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body
  else if (typeof body === 'string') yield Buffer.from(body)
  else if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body) {
    yield* body as AsyncIterable<Uint8Array>
  } else yield Buffer.from(JSON.stringify(body))
}

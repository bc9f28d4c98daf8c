// SPDX-License-Identifier: Apache-2.0
// How a request travels. A browser has only `fetch`, which hides whose key answered; a transport of
// one's own can say it.

import type { Bytes } from '../core/private-copy.js'

/** One request, as a transport has to send it. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST'
  /** `https:`, or `http:` to this machine. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  readonly signal: AbortSignal
}

/** The answer to one request, its body not yet read. */
export interface TransportAnswer {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  /** Whoever stops reading early closes the connection. */
  readonly body: AsyncIterable<Uint8Array>
  /** DER SubjectPublicKeyInfo of the very connection that carried this; null when not known. */
  readonly peerSpki: Bytes | null
}

/**
 * One request, one answer. It must not follow redirects, because what it reports of the connection
 * is then not of the one that was asked for. It need not check the certificate of an Attester: what
 * that is worth, the evidence says.
 */
export type Transport = (request: TransportRequest) => Promise<TransportAnswer>

/**
 * The transport that every platform has. Here certificates are checked by the platform's rules, so
 * a self-signed sidecar is out of reach, and the key of the connection is not known.
 */
export function fetchTransport(fetch: typeof globalThis.fetch): Transport {
  return async ({ method, url, headers, body, signal }) => {
    const response = await fetch(url.href, {
      method,
      headers,
      body,
      signal,
      redirect: 'error',
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    })
    return {
      status: response.status,
      headers: response.headers,
      body: chunks(response.body),
      peerSpki: null,
    }
  }
}

/** A stream as chunks; not every browser lets streams be iterated. */
async function* chunks(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (stream === null) return
  const reader = stream.getReader()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
  } finally {
    await reader.cancel()
  }
}

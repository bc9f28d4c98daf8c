// SPDX-License-Identifier: Apache-2.0
// The transport of Node: says whose key answered, and reaches a sidecar, whose certificate nobody
// signed.

import * as http from 'node:http'
import * as https from 'node:https'
import { TLSSocket } from 'node:tls'
import type { Transport, TransportAnswer } from '../client/index.js'
import type { Bytes } from '../core/private-copy.js'

export interface TransportOptions {
  /** Certificates to trust where certificates are checked, PEM, in place of the platform's. */
  readonly ca?: string
}

/**
 * One connection for each request: what is reported as its key is then the key that this answer came
 * over. No redirects, no proxies, no resumed sessions.
 *
 * The certificate of an Attester is not checked, because it is self-signed and says nothing. That
 * its holder has the key, the handshake proves; whose key it is, the evidence. A request that
 * carries a token is another matter: nothing has been proven when the token is handed over, so it
 * goes only to a server whose certificate the platform trusts.
 */
export function nodeTransport({ ca }: TransportOptions = {}): Transport {
  return ({ method, url, headers, body, signal }) =>
    new Promise<TransportAnswer>((resolve, reject) => {
      const plain = url.protocol === 'http:'
      const options: https.RequestOptions = {
        method,
        headers: {
          ...headers,
          ...(body !== null && { 'content-length': Buffer.byteLength(body) }),
        },
        signal,
        agent: false,
        rejectUnauthorized: 'authorization' in headers,
        minVersion: 'TLSv1.2',
        ...(ca !== undefined && { ca }),
      }
      const request = (plain ? http : https).request(url, options, (response) => {
        resolve({
          status: response.statusCode as number,
          headers: { get: (name) => headerOf(response, name) },
          body: response,
          peerSpki: keyOf(response),
        })
      })
      // Not `once`: a connection can break after the answer has begun, and break again.
      request.on('error', reject)
      // Without an error, too: a server that switches protocols is simply dropped.
      request.on('close', () => reject(new Error('closed without an answer')))
      request.end(body)
    })
}

function headerOf({ headers }: http.IncomingMessage, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' ? value : null
}

/** Read while the answer begins: a closed socket has forgotten its peer. */
function keyOf({ socket }: http.IncomingMessage): Bytes | null {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  return certificate
    ? new Uint8Array(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    : null
}

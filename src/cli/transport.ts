// SPDX-License-Identifier: Apache-2.0
// The transport of Node: says whose key answered, and reaches a sidecar, whose certificate nobody
// signed.

import dns from 'node:dns'
import * as http from 'node:http'
import * as https from 'node:https'
import type { LookupFunction } from 'node:net'
import { TLSSocket } from 'node:tls'
import { isPublicAddress, type Transport, type TransportAnswer } from '../client/index.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'

export interface TransportOptions {
  /** Certificates to trust where certificates are checked, PEM, in place of the platform's. */
  readonly ca?: string
  /** Whether names may only lead to hosts that everybody reaches; false when not given. */
  readonly publicOnly?: boolean
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
export function nodeTransport({ ca, publicOnly }: TransportOptions = {}): Transport {
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
        ...(publicOnly && { lookup: publicLookup(dns.lookup) }),
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

/**
 * Resolves a name as `resolve` does, and drops the addresses that not everybody reaches. It is the
 * resolution that the connection is made by, so that a name cannot mean two things.
 */
export const publicLookup =
  (
    resolve: (host: string, options: dns.LookupAllOptions, done: Resolved) => void,
  ): LookupFunction =>
  (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const open = addresses.filter(({ address }) => isPublicAddress(address))
      const [first] = open
      if (first === undefined) {
        const sentence = `${host} is a host that not everybody reaches`
        return callback(new AttestationError('ERR_ENDPOINT_ADDRESS', sentence), [])
      }
      if (options.all) return callback(null, open)
      callback(null, first.address, first.family)
    })
  }

type Resolved = (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void

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

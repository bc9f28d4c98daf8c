// SPDX-License-Identifier: Apache-2.0
// Servers of the test world on a port of the system's choice: one function from request to answer,
// over HTTPS, or HTTP where no identity is given.

import * as http from 'node:http'
import * as https from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import * as net from 'node:net'
import * as tls from 'node:tls'
import type { TlsIdentity } from './tls.js'

export interface Asked {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

export type Handler = (asked: Asked) => Promise<Answered> | Answered

export interface Served {
  readonly url: string
  /** Ends every connection. */
  close(): Promise<void>
}

export async function serve(handler: Handler, identity: TlsIdentity | null): Promise<Served> {
  const listener: http.RequestListener = async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url: path = '', headers } = request
    const answer = await handler({ method, path, headers, body: Buffer.concat(chunks).toString() })
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }
  const server = identity ? https.createServer(identity, listener) : http.createServer(listener)
  return opened(server, identity ? 'https' : 'http')
}

/** A server that speaks bytes instead of HTTP, for those who do not keep to it. */
export function serveBytes(
  speak: (socket: net.Socket) => void,
  identity: TlsIdentity | null,
): Promise<Served> {
  const listener = (socket: net.Socket) => {
    // A client that hangs up is what these tests are about.
    socket.on('error', () => {})
    speak(socket)
  }
  const server = identity ? tls.createServer(identity, listener) : net.createServer(listener)
  return opened(server, identity ? 'https' : 'http')
}

async function opened(server: Server, scheme: string): Promise<Served> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const json = (value: unknown, status = 200): Answered => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

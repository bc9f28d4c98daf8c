// SPDX-License-Identifier: Apache-2.0
// Clients that speak bytes, so that they can be as rude as they like.

import type { Server } from 'node:http'
import * as net from 'node:net'
import * as tls from 'node:tls'

export interface Raw {
  readonly socket: net.Socket
  /** Everything that came, once the other side has closed. */
  readonly all: Promise<string>
  /** What has come so far. */
  soFar(): string
  /** Resolves when so many characters, or this text, have come. */
  until(what: string): Promise<string>
  send(text: string): void
}

function watched(socket: net.Socket): Raw {
  let text = ''
  const waiting: { what: string; tell: (text: string) => void }[] = []
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    for (const { what, tell } of waiting) if (text.includes(what)) tell(text)
  })
  // Hanging up is what these tests are about.
  socket.on('error', () => {})
  const all = new Promise<string>((resolve) => {
    socket.on('close', () => resolve(text))
  })
  return {
    socket,
    all,
    soFar: () => text,
    until: (what) =>
      new Promise((resolve) => {
        if (text.includes(what)) resolve(text)
        else waiting.push({ what, tell: resolve })
      }),
    send: (sent) => socket.write(sent, 'latin1'),
  }
}

/** A connection of TCP alone. */
export async function tcp(port: number, host = '127.0.0.1'): Promise<Raw> {
  const socket = net.connect(port, host)
  const raw = watched(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return raw
}

/** A connection of TLS whose certificate nobody checks. */
export async function secured(port: number, options: tls.ConnectionOptions = {}): Promise<Raw> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  const raw = watched(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed before it was secure')))
  })
  return raw
}

export const request = (line: string, headers = '', body = ''): string =>
  `${line} HTTP/1.1\r\nHost: sidecar\r\n${headers}\r\n${body}`

export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as net.AddressInfo).port
}

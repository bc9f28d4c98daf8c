// SPDX-License-Identifier: Apache-2.0
// The listening end: HTTPS (or HTTP on loopback) with a limit on everything that a peer can make last
// or grow.

import { createServer as createHttp, type Server, STATUS_CODES } from 'node:http'
import { createServer as createHttps, type Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Clock } from './clock.js'
import { Connections } from './connections.js'

/** Key and certificate as node:tls takes them, PEM. */
export interface TlsCredentials {
  readonly key: string
  readonly cert: string
  /** Who signs the certificates of clients, which may then show one; absent: nobody is asked to. */
  readonly clientCa?: string
}

export interface ServerLimits {
  /** Connections at once. */
  readonly connections: number
  /** Until a TLS connection stands. */
  readonly handshakeMs: number
  /** Until all headers of a request are there. */
  readonly headersMs: number
  /** Until the whole request is there. */
  readonly requestMs: number
  /** Without a further request. */
  readonly keepAliveMs: number
  /** From a whole request to the end of its answer. */
  readonly answerMs: number
  /** How often headers and requests are looked at. */
  readonly checkMs: number
  /** Of the headers of a request. */
  readonly headerBytes: number
}

const SECOND_MS = 1_000
/** The Go sidecar's limit on headers; a body of ours is 8 KiB at most. */
const RECEIVE_MS = 10 * SECOND_MS
/** For the network to take an answer, after the deadline to have one. */
const SEND_MS = 10 * SECOND_MS
const KEEP_ALIVE_MS = 60 * SECOND_MS
const HEADER_LEN = 0x2000

/** What the limits are for requests that may take `deadlineMs` to answer. */
export const serverLimits = (deadlineMs: number, connections: number): ServerLimits => ({
  connections,
  handshakeMs: RECEIVE_MS,
  headersMs: RECEIVE_MS,
  requestMs: RECEIVE_MS,
  keepAliveMs: KEEP_ALIVE_MS,
  answerMs: deadlineMs + SEND_MS,
  checkMs: SECOND_MS,
  headerBytes: HEADER_LEN,
})

const MIB = 0x100000
/** What the process needs before anybody connects, with room for evidence under way. */
const BASE = { memory: 44 * MIB, heap: 14 * MIB }
/** One connection: TLS session, socket, parser, one request and its answer. */
const CONNECTION = { memory: 0x10000, heap: 0x8000 }
const FEWEST = 64
const MOST = 8192

/**
 * How many connections a process may have: as many as neither its memory nor the heap of V8 is too
 * small for, because either ends the process when it is full.
 *
 * @param memory bytes that the process may use; 0 or undefined where nobody says
 * @param heap bytes that V8's heap may grow to
 */
export function connectionsFor(memory: number | undefined, heap: number): number {
  const most = Math.min(
    MOST,
    (heap - BASE.heap) / CONNECTION.heap,
    memory ? (memory - BASE.memory) / CONNECTION.memory : MOST,
  )
  return Math.max(FEWEST, Math.floor(most))
}

/** What goes wrong before there is a request that a route could answer. */
export interface ServerEvents {
  /** Not HTTP, too large or too slow; it was answered. */
  malformed(status: number, code: string): void
  /** There was no room for a connection. */
  refused(): void
}

export interface BoundedServer {
  readonly server: Server
  readonly connections: Connections
}

/** @param credentials null for plain HTTP */
export function createServer(
  credentials: TlsCredentials | null,
  limits: ServerLimits,
  clock: Clock,
  events: ServerEvents,
): BoundedServer {
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
  }
  const server: Server = credentials
    ? createHttps({ ...options, ...secure(credentials), handshakeTimeout: limits.handshakeMs })
    : createHttp(options)
  const connections = new Connections(server, {
    clock,
    most: limits.connections,
    answerMs: limits.answerMs,
    refused: events.refused,
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // An answer of ours would be taken for the answer to a request that is under way.
    const status = connections.isAnswering(socket) ? null : statusOf(error.code)
    if (status === null || !socket.writable) {
      socket.destroy()
      return
    }
    socket.write(complaint(status))
    socket.destroySoon()
    events.malformed(status, error.code as string)
  })
  return { server, connections }
}

/** Puts a certificate into use; connections that stand keep theirs. */
export function renew(server: Server, credentials: TlsCredentials): void {
  ;(server as HttpsServer).setSecureContext(secure(credentials))
}

/** A client without a certificate gets its connection: what it may ask is the routes' to say. */
const secure = ({ key, cert, clientCa }: TlsCredentials) => ({
  key,
  cert,
  minVersion: 'TLSv1.2' as const,
  ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
})

const HUNG_UP = 'HPE_INVALID_EOF_STATE'

/** Null where the peer spoke no HTTP at all, or hung up. */
function statusOf(code = ''): number | null {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408
  if (code === 'HPE_HEADER_OVERFLOW') return 431
  return code.startsWith('HPE_') && code !== HUNG_UP ? 400 : null
}

const EXPLANATIONS: Readonly<Record<number, string>> = {
  400: 'the request is not HTTP/1.1',
  408: 'the request did not arrive in time',
  431: 'the headers are too large',
}

function complaint(status: number): string {
  const body = `ERR_REQUEST_HTTP: ${EXPLANATIONS[status]}\n`
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: text/plain; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

// SPDX-License-Identifier: Apache-2.0
// A listening server before and after there is somebody to take its requests, and its orderly end.

import type { RequestListener, Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getHeapStatistics } from 'node:v8'
import type { Logger } from 'pino'
import { AttestationError } from '../errors.js'
import type { Clock } from './clock.js'
import type { ConnectionCounts } from './connections.js'
import { within } from './lifetime.js'
import { formatHost, type ListenAddress } from './listen-address.js'
import { throttle } from './log.js'
import { connectionsFor, createServer, type ServerLimits, type TlsCredentials } from './server.js'

const REPEAT_MS = 10_000

export interface HttpListenerOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly listen: ListenAddress
  /** Null for plain HTTP. */
  readonly credentials: TlsCredentials | null
  readonly limits: ServerLimits
  /** After so many milliseconds of closing, nothing is waited for any longer. */
  readonly closeMs: number
  /** Answers until somebody else takes the requests. */
  readonly first: RequestListener
}

export interface HttpListener {
  readonly server: Server
  connections(): ConnectionCounts
  /** How many connections there may be. */
  readonly most: number
  /** Takes the deadline off the answer on a connection. */
  release(socket: Socket): void
  /**
   * Starts to listen, and returns the URL.
   *
   * @throws {AttestationError} `ERR_ARGUMENT` for an address that cannot be listened on
   */
  open(): Promise<string>
  /** Hands the requests to somebody. */
  serve(take: RequestListener): void
  /** Takes no further connection, waits for `drain` and for the answers, and ends everything. */
  close(drain: () => Promise<void>): Promise<void>
}

/** As many connections as the memory of this process allows. */
export const connectionsHere = (): number =>
  connectionsFor(process.constrainedMemory(), getHeapStatistics().heap_size_limit)

export function httpListener(options: HttpListenerOptions): HttpListener {
  const { clock, log, limits, listen, credentials } = options
  const most = limits.connections
  const crowd = throttle(
    (count) => log.warn({ count, most }, 'connections refused: none was idle'),
    REPEAT_MS,
    (ms, run) => clock.after(ms, run),
  )
  const { server, connections } = createServer(credentials, limits, clock, {
    malformed: (status, reason) =>
      log.info({ status, code: 'ERR_REQUEST_HTTP', reason }, 'request refused'),
    refused: crowd,
  })
  let taker = options.first
  server.on('request', (request, response) => {
    // What was read together with the request that ended its connection.
    if (!request.socket.destroyed) taker(request, response)
  })
  let closing: Promise<void> | undefined
  const close = async (drain: () => Promise<void>) => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    connections.close()
    const ended = await within(Promise.all([drain(), closed]), options.closeMs, clock)
    if (!ended) log.warn('shut down before every request had its answer')
    connections.destroy()
  }
  return {
    server,
    most: connections.most,
    release: (socket) => connections.release(socket),
    connections: () => connections.counts,
    open: async () => url(await listenOn(server, listen), credentials === null),
    serve: (take) => {
      taker = take
    },
    close: (drain) => {
      closing ??= close(drain)
      return closing
    },
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there (EADDRINUSE)',
  EADDRNOTAVAIL: 'no address of this machine (EADDRNOTAVAIL)',
  EACCES: 'not permitted; ports below 1024 are those of root (EACCES)',
  ENOTFOUND: 'no such host (ENOTFOUND)',
}

function listenOn(server: Server, { host, port }: ListenAddress): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException) =>
      reject(
        new AttestationError(
          'ERR_ARGUMENT',
          `cannot listen on ${formatHost(host)}:${port}: ${REASONS[`${cause.code}`] ?? cause.code}`,
          { cause },
        ),
      )
    server.once('error', refuse)
    // Without a host, Node takes every address, with or without IPv6.
    server.listen({ port, ...(host !== '' && { host }) }, () => {
      server.off('error', refuse)
      resolve(server.address() as AddressInfo)
    })
  })
}

const url = ({ address, port }: AddressInfo, plainHttp: boolean): string =>
  `${plainHttp ? 'http' : 'https'}://${formatHost(address)}:${port}`

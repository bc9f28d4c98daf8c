// SPDX-License-Identifier: Apache-2.0
// A listening server with keys of its own, before there is anything to serve: until somebody takes
// the requests, each is answered with why nobody does.

import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getHeapStatistics } from 'node:v8'
import type { Logger } from 'pino'
import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import type { ConnectionCounts } from '../service/connections.js'
import { formatHost, isLoopback, type ListenAddress } from '../service/listen-address.js'
import { throttle } from '../service/log.js'
import {
  type BoundedServer,
  connectionsFor,
  createServer,
  renew,
  type ServerLimits,
  serverLimits,
} from '../service/server.js'
import { DEADLINE_MS } from './deadlines.js'
import { type MintedKeys, mintKeys, type Renewal, startRenewal } from './tls.js'
import { notYet } from './waiting.js'

/** Kubernetes kills what has not ended 30 seconds after it was asked to. */
const CLOSE_MS = 25_000
const REPEAT_MS = 10_000

export interface ListenerOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly listen: ListenAddress
  /** On loopback only. */
  readonly plainHttp: boolean
  /** Default 30 000. */
  readonly deadlineMs?: number
  /** Connections at once; by default as many as the memory of the process allows. */
  readonly maxConnections?: number
  /** Other limits than those that follow from the deadline, for tests. */
  readonly limits?: Partial<ServerLimits>
}

export interface Listener {
  readonly server: Server
  readonly keys: MintedKeys
  /** notAfter of the certificate in use; null over plain HTTP. */
  certificateExpiry(): Date | null
  connections(): ConnectionCounts
  /** How many requests may wait at once, those included whose clients have left: one for each connection. */
  readonly waitingMost: number
  /** Starts to listen, and returns the URL. */
  open(): Promise<string>
  /** Hands the requests to somebody. */
  serve(take: RequestListener): void
  /** Why nobody takes the requests. */
  explain(reason: AttestationError): void
  /**
   * Takes no further connection, waits for `drain` and for the answers, and ends everything, at the
   * latest after the deadline.
   */
  close(drain: () => Promise<void>): Promise<void>
}

/**
 * Makes keys, a certificate and a server that does not listen yet.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` for plain HTTP on an address that others reach
 */
export async function createListener(options: ListenerOptions): Promise<Listener> {
  const { plainHttp, listen } = options
  checkAddress(listen, plainHttp)
  const keys = await mintKeys()
  let server: Server | undefined
  const renewal = plainHttp ? null : await renewing(options, keys, () => server as Server)
  const bounded = boundedServer(options, renewal)
  server = bounded.server
  const takers = takeRequests(server)
  let closing: Promise<void> | undefined
  return {
    server,
    keys,
    certificateExpiry: () => renewal?.expiry() ?? null,
    connections: () => bounded.connections.counts,
    waitingMost: bounded.connections.most,
    open: async () => url(await listenOn(bounded.server, listen), plainHttp),
    ...takers,
    close: (drain) => {
      closing ??= close(options, bounded, renewal, drain)
      return closing
    },
  }
}

function checkAddress({ host }: ListenAddress, plainHttp: boolean): void {
  if (!plainHttp || isLoopback(host)) return
  throw new AttestationError(
    'ERR_ARGUMENT',
    `plain HTTP is served on a loopback address only, not on ${host || 'every address'}`,
  )
}

function renewing(
  { clock, log }: ListenerOptions,
  keys: MintedKeys,
  server: () => Server,
): Promise<Renewal> {
  return startRenewal({
    key: keys.tls,
    clock,
    use: (credentials) => {
      renew(server(), credentials)
      log.info('certificate renewed')
    },
    failed: (error) => log.error({ err: error }, 'certificate not renewed; trying again'),
  })
}

function boundedServer(options: ListenerOptions, renewal: Renewal | null): BoundedServer {
  const { clock, log, deadlineMs = DEADLINE_MS } = options
  const most =
    options.maxConnections ??
    connectionsFor(process.constrainedMemory(), getHeapStatistics().heap_size_limit)
  const crowd = throttle(
    (count) => log.warn({ count, most }, 'connections refused: none was idle'),
    REPEAT_MS,
    (ms, run) => clock.after(ms, run),
  )
  const limits = { ...serverLimits(deadlineMs, most), ...options.limits }
  return createServer(renewal?.first ?? null, limits, clock, {
    malformed: (status, reason) =>
      log.info({ status, code: 'ERR_REQUEST_HTTP', reason }, 'request refused'),
    refused: crowd,
  })
}

function takeRequests(server: Server): Pick<Listener, 'serve' | 'explain'> {
  let taker: RequestListener = notYet(
    new AttestationError('ERR_DEVICE_ABSENT', 'no attestation device has been looked for yet'),
  )
  server.on('request', (request, response) => {
    // What was read together with the request that ended its connection.
    if (!request.socket.destroyed) taker(request, response)
  })
  return {
    serve: (take) => {
      taker = take
    },
    explain: (reason) => {
      taker = notYet(reason)
    },
  }
}

async function close(
  { clock, log, deadlineMs = DEADLINE_MS }: ListenerOptions,
  { server, connections }: BoundedServer,
  renewal: Renewal | null,
  drain: () => Promise<void>,
): Promise<void> {
  renewal?.stop()
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  connections.close()
  const late = Math.min(deadlineMs, CLOSE_MS)
  const ended = await within(Promise.all([drain(), closed]), late, clock)
  if (!ended) log.warn('shut down before every request had its answer')
  connections.destroy()
}

/** Whether it came to its end in time. */
function within(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(false))
    work.then(() => resolve(true), reject).finally(cancel)
  })
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

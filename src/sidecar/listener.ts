// SPDX-License-Identifier: Apache-2.0
// A listening server with keys of its own, before there is anything to serve: until somebody takes
// the requests, each is answered with why nobody does.

import type { RequestListener, Server } from 'node:http'
import type { Logger } from 'pino'
import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import type { ConnectionCounts } from '../service/connections.js'
import { isLoopback, type ListenAddress } from '../service/listen-address.js'
import { connectionsHere, httpListener } from '../service/listener.js'
import { renew, type ServerLimits, serverLimits } from '../service/server.js'
import { DEADLINE_MS } from './deadlines.js'
import { type MintedKeys, mintKeys, type Renewal, startRenewal } from './tls.js'
import { notYet } from './waiting.js'

/** Kubernetes kills what has not ended 30 seconds after it was asked to. */
const CLOSE_MS = 25_000

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
  const { plainHttp, listen, clock, log, deadlineMs = DEADLINE_MS } = options
  checkAddress(listen, plainHttp)
  const keys = await mintKeys()
  let server: Server | undefined
  const renewal = plainHttp ? null : await renewing(options, keys, () => server as Server)
  const most = options.maxConnections ?? connectionsHere()
  const listener = httpListener({
    clock,
    log,
    listen,
    credentials: renewal?.first ?? null,
    limits: { ...serverLimits(deadlineMs, most), ...options.limits },
    closeMs: Math.min(deadlineMs, CLOSE_MS),
    first: notYet(
      new AttestationError('ERR_DEVICE_ABSENT', 'no attestation device has been looked for yet'),
    ),
  })
  server = listener.server
  return {
    server,
    keys,
    certificateExpiry: () => renewal?.expiry() ?? null,
    connections: listener.connections,
    waitingMost: listener.most,
    open: listener.open,
    serve: listener.serve,
    explain: (reason) => listener.serve(notYet(reason)),
    close: (drain) => {
      renewal?.stop()
      return listener.close(drain)
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

// SPDX-License-Identifier: Apache-2.0
// The life of the process: it serves as soon as there is a certificate, follows its files, and when it
// is told to end, first lets everybody know.

import type { RequestListener, Server } from 'node:http'
import type { Logger } from 'pino'
import { behind } from '../service/app.js'
import type { Clock } from '../service/clock.js'
import { pause, stopped } from '../service/lifetime.js'
import { connectionsHere, httpListener } from '../service/listener.js'
import { renew, type ServerLimits, serverLimits } from '../service/server.js'
import { buildApp } from './app.js'
import { Readiness } from './health.js'
import type { Settings } from './settings.js'
import { LOOK_EVERY_MS, TlsFiles } from './tls-files.js'

export interface ServiceOptions {
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Logger
  /** Aborted when the process is to end. */
  readonly stop: AbortSignal
}

const SECOND_MS = 1_000
/** What the API server waits for an answer. */
const BUDGET_MS = 5 * SECOND_MS
/** Longer than clients of Kubernetes keep a connection that is idle: one that the server ends takes with it a review that is just being sent. */
const KEEP_ALIVE_MS = 120 * SECOND_MS
/** An API server has a few, and a probe one; bodies have a budget of their own. */
const CONNECTIONS_MOST = 1024
const REMIND_EVERY_MS = 3_600 * SECOND_MS
/** Of waiting for somebody's signal, where there is none. */
const NEVER = new AbortController().signal

const limits = (): ServerLimits => ({
  ...serverLimits(BUDGET_MS, Math.min(CONNECTIONS_MOST, connectionsHere())),
  headersMs: BUDGET_MS,
  requestMs: BUDGET_MS,
  keepAliveMs: KEEP_ALIVE_MS,
})

/**
 * Runs until `stop`, and a while longer. Nothing in the cluster is touched, neither at the start nor at
 * the end: with the configuration gone, Pods would start without their sidecars.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` for an address that cannot be listened on
 */
export async function serve(options: ServiceOptions): Promise<void> {
  const { settings, clock, log, stop } = options
  for (const warning of settings.warnings) log.warn(warning)
  const files = new TlsFiles({ names: settings.tls, clock, log })
  const credentials = await files.first(stop)
  if (credentials !== null) {
    const readiness = new Readiness(clock, () => files.state)
    let take: RequestListener | undefined
    const listener = httpListener({
      clock,
      log,
      listen: settings.listen,
      credentials,
      limits: limits(),
      closeMs: BUDGET_MS,
      first: (request, response) => take?.(request, response),
    })
    const app = buildApp({
      policy: settings.policy,
      clock,
      readiness,
      clientCertificates: settings.tls.clientCa !== null,
      certificateExpiry: () => files.state.notAfter,
      connections: listener.connections,
      reloads: () => files.reloads,
      server: behind(listener.server, log, (handler) => {
        take = handler
      }),
    })
    await app.ready()
    const url = await listener.open()
    log.info({ url, ...settings.policy }, 'serving')
    const leave = follow(files, readiness, listener.server, options)
    await stopped(stop)
    readiness.stop()
    log.info({ graceMs: settings.graceMs }, 'stopping')
    await pause(clock, settings.graceMs, NEVER)
    leave()
    await listener.close(() => app.close())
  }
  log.info('stopped')
}

/** Puts into use what the files hold, and repeats what somebody should see to; until it is told to leave. */
function follow(
  files: TlsFiles,
  readiness: Readiness,
  server: Server,
  { clock, log }: ServiceOptions,
): () => void {
  const remind = reminder(readiness, clock, log)
  let left = false
  const look = async () => {
    const next = await files.look()
    if (left) return
    if (next) renew(server, next)
    remind()
    cancel = clock.after(LOOK_EVERY_MS, look)
  }
  remind()
  let cancel = clock.after(LOOK_EVERY_MS, look)
  return () => {
    left = true
    cancel()
  }
}

/** Says what is wrong or will be, at once and then every hour. */
function reminder(readiness: Readiness, clock: Clock, log: Logger): () => void {
  let told = Number.NEGATIVE_INFINITY
  return () => {
    const { trouble, warnings } = readiness
    if (trouble === null && warnings.length === 0) {
      told = Number.NEGATIVE_INFINITY
      return
    }
    if (clock.monotonic() - told < REMIND_EVERY_MS) return
    told = clock.monotonic()
    if (trouble) log.error({ code: trouble.code }, `not ready: ${trouble.message}`)
    for (const warning of warnings) log.warn(warning)
  }
}

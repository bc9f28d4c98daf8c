// SPDX-License-Identifier: Apache-2.0
// The life of the process: it listens at once, answers as soon as its source has been read, and goes on
// with what it knows when the source is cut off.

import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { Logger } from 'pino'
import { behind } from '../service/app.js'
import type { Clock } from '../service/clock.js'
import { stopped } from '../service/lifetime.js'
import { connectionsHere, httpListener } from '../service/listener.js'
import { serverLimits } from '../service/server.js'
import { buildApp } from './app.js'
import type { Settings } from './settings.js'
import type { Source } from './source.js'
import { DirectoryState } from './state.js'

export interface ServiceOptions {
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Logger
  readonly source: Source
  /** Aborted when the process is to end. */
  readonly stop: AbortSignal
}

/** Answers come from memory. */
const DEADLINE_MS = 5_000
/** Kubernetes kills what has not ended 30 seconds after it was asked to. */
const CLOSE_MS = 20_000
const EPOCH_LEN = 9

/**
 * Runs until `stop`.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` for an address that cannot be listened on, and whatever
 * a source rejects with that cannot be read to begin with
 */
export async function serve({ settings, clock, log, source, stop }: ServiceOptions): Promise<void> {
  for (const warning of settings.warnings) log.warn(warning)
  const state = new DirectoryState()
  let ready = false
  let take: RequestListener | undefined
  const listener = httpListener({
    clock,
    log,
    listen: settings.listen,
    credentials: null,
    limits: serverLimits(DEADLINE_MS, connectionsHere()),
    closeMs: CLOSE_MS,
    first: (request, response) => take?.(request, response),
  })
  const app = buildApp({
    state,
    isReady: () => ready,
    isConnected: () => source.connected,
    clock,
    epoch: randomBytes(EPOCH_LEN).toString('base64url'),
    maxAgeS: settings.maxAgeS,
    rate: settings.rate,
    trustProxy: settings.trustProxy,
    // The others are for those who only ask.
    mostStreams: Math.floor(listener.most / 2),
    connections: listener.connections,
    release: listener.release,
    server: behind(listener.server, log, (handler) => {
      take = handler
    }),
  })
  await app.ready()
  const url = await listener.open()
  log.info({ url, source: settings.source.kind }, 'listening')
  try {
    await Promise.race([source.start(state), stopped(stop)])
    ready = !stop.aborted
    if (ready) log.info(state.counts, 'serving')
    await stopped(stop)
    log.info('stopping')
  } finally {
    await source.close()
    await listener.close(() => app.close())
  }
  log.info('stopped')
}

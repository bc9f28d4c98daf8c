// SPDX-License-Identifier: Apache-2.0
// The life of the process: it listens at once, serves as soon as there is a platform, and ends when
// it is told to.

import type { Logger } from 'pino'
import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import { pause, stopped } from '../service/lifetime.js'
import { createListener } from './listener.js'
import type { Settings } from './settings.js'
import { attach } from './sidecar.js'
import type { Platform } from './surface.js'

export interface ServiceOptions {
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Logger
  /** What there is to attest with. */
  readonly open: () => Promise<Platform>
  /** Aborted when the process is to end. */
  readonly stop: AbortSignal
}

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000

/**
 * Runs until `stop`.
 *
 * A platform that is not there is waited for, with every request answered 503 and the reason in
 * `/healthz` and in the log. A driver may be late; and a process that ended instead would be restarted
 * over and over, with a Pod that is never ready, so that a tenant's own service would go down with it.
 *
 * @throws {AttestationError} as `startSidecar`
 */
export async function serve(options: ServiceOptions): Promise<void> {
  const { settings, clock, log, stop } = options
  for (const warning of settings.warnings) log.warn(warning)
  const listener = await createListener({ ...settings, clock, log })
  const url = await listener.open()
  log.info({ url, rawQuotes: settings.rawQuotes }, 'listening')
  const platform = await awaited(options, (error) => listener.explain(error))
  if (platform === null) {
    await listener.close(async () => {})
  } else {
    const app = await attach(listener, { ...settings, platform, clock, log })
    const { cpu, gpus } = platform
    log.info({ surface: cpu.name, tee: cpu.tee, gpus: gpus?.name ?? null }, 'serving')
    await stopped(stop)
    log.info('stopping')
    await listener.close(() => app.close())
  }
  log.info('stopped')
}

/** The platform, as soon as there is one; null when told to stop before that. */
async function awaited(
  { open, clock, log, stop }: ServiceOptions,
  explain: (error: AttestationError) => void,
): Promise<Platform | null> {
  let told = ''
  for (let delay = FIRST_RETRY_MS; !stop.aborted; delay = Math.min(2 * delay, LAST_RETRY_MS)) {
    try {
      return await open()
    } catch (error) {
      const refusal = asRefusal(error)
      explain(refusal)
      const { code, message } = refusal
      // The same reason again is no news.
      if (told !== message) log.error({ code, ...because(error) }, message)
      told = message
    }
    await pause(clock, delay, stop)
  }
  return null
}

const asRefusal = (error: unknown): AttestationError =>
  error instanceof AttestationError
    ? error
    : new AttestationError('ERR_INTERNAL', 'the platform could not be opened', { cause: error })

/** What lies behind a reason: in one line for one of ours, in full for a bug. */
function because(error: unknown): object {
  if (!(error instanceof AttestationError)) return { err: error }
  const root = rootOf(error)
  if (root === error) return {}
  const { message, errno } = root as NodeJS.ErrnoException
  return { reason: message, ...(errno !== undefined && { errno: Math.abs(errno) }) }
}

const rootOf = (error: Error): Error => (error.cause instanceof Error ? rootOf(error.cause) : error)

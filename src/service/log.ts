// SPDX-License-Identifier: Apache-2.0
// Structured logs: JSON lines without a nonce, evidence, header or body in them. Whoever reads them
// learns what was refused and why, and how long things took.

import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'

export const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type Level = (typeof LEVELS)[number]

/** What is kept of an error: never its cause's buffers, which an ioctl's may be. */
const err = (error: unknown): unknown => {
  if (!(error instanceof Error)) return { message: String(error) }
  const { name, message, stack } = error
  const { code, errno } = error as NodeJS.ErrnoException
  return {
    type: name,
    ...(code !== undefined && { code }),
    ...(errno !== undefined && { errno }),
    message,
    stack,
  }
}

const OPTIONS: LoggerOptions = {
  base: null,
  timestamp: pino.stdTimeFunctions.isoTime,
  formatters: { level: (label) => ({ level: label }) },
  // A request is its method and route: a path may hold anything that a caller puts there.
  serializers: { err, req: () => undefined, res: () => undefined },
}

export const createLog = (level: Level, destination: DestinationStream): Logger =>
  pino({ ...OPTIONS, level }, destination)

/** Bytes of lines that a slow reader may leave waiting; more are dropped. */
const WAITING_LEN = 0x40000

export interface LogDestination extends DestinationStream {
  /** Writes what waits; for the last line of a process. */
  flushSync(): void
}

/** A file descriptor that is never waited for: a log that nobody reads must not stop the service. */
export const logTo = (fd: number): LogDestination =>
  pino.destination({ dest: fd, sync: false, maxLength: WAITING_LEN })

/** Says the first one at once, and then how many there were, once in so many milliseconds. */
export function throttle(
  say: (count: number) => void,
  everyMs: number,
  after: (ms: number, run: () => void) => unknown,
): () => void {
  let waiting = false
  let count = 0
  const end = () => {
    waiting = false
    if (count === 0) return
    const missed = count
    count = 0
    start()
    say(missed)
  }
  const start = () => {
    waiting = true
    after(everyMs, end)
  }
  return () => {
    if (waiting) {
      count++
      return
    }
    start()
    say(1)
  }
}

// SPDX-License-Identifier: Apache-2.0
// How a process of ours waits, ends, and says why.

import { AttestationError } from '../errors.js'
import type { Clock } from './clock.js'

/** Resolves when `stop` is aborted, or has been. */
export function stopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve()
    else stop.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Resolves after so many milliseconds, or as soon as `stop` is aborted. */
export function pause(clock: Clock, ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel()
      stop.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(ms, end)
    stop.addEventListener('abort', end)
  })
}

/** Whether the work came to its end in time. */
export function within(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(false))
    work.then(() => resolve(true), reject).finally(cancel)
  })
}

/** As the command line of assay exits. */
const EXIT = { bug: 1, usage: 30 } as const

/** What a process says of the error that ends it, and its exit code. */
export function lastWords(error: unknown): { line: object; message: string; exit: number } {
  if (error instanceof AttestationError) {
    return { line: { code: error.code }, message: error.message, exit: EXIT.usage }
  }
  const line = { code: 'ERR_INTERNAL', err: error }
  return { line, message: 'ended by an error of its own', exit: EXIT.bug }
}

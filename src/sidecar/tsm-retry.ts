// SPDX-License-Identifier: Apache-2.0
// Which failures of configfs-tsm are worth another attempt, and how many.

import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import { ERRNO, errnoOf } from './errno.js'
import { Moved } from './tsm-report.js'

/** How an attempt failed, where another one may do better. */
type Setback = 'busy' | 'moved' | 'removed'
/** How many of each a request gets over. */
const PATIENCE: Readonly<Record<Setback, number>> = { busy: 6, moved: 3, removed: 1 }
/** Doubled each time: about three seconds in all. A host that throttles does so for longer. */
const BUSY_PAUSE_MS = 50

/** Attempts until one succeeds or the patience for its setback is over. */
export async function persist<T>(clock: Clock, attempt: () => Promise<T>): Promise<T> {
  const met: Record<Setback, number> = { busy: 0, moved: 0, removed: 0 }
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const setback = setbackOf(error)
      if (setback === null || met[setback] === PATIENCE[setback]) throw error
      if (setback === 'busy') await pause(clock, BUSY_PAUSE_MS << met.busy)
      met[setback]++
    }
  }
}

function setbackOf(error: unknown): Setback | null {
  if (error instanceof Moved) return 'moved'
  if (!(error instanceof AttestationError)) return null
  if (error.code === 'ERR_DEVICE_BUSY') return 'busy'
  return errnoOf(error.cause) === ERRNO.ENOENT ? 'removed' : null
}

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve)
  })

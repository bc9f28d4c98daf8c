// SPDX-License-Identifier: Apache-2.0
// The time of the machine: the one Clock that nobody hands in.

import type { Clock } from './clock.js'

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    // Nothing that is only waited for keeps a process alive.
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
}

// SPDX-License-Identifier: Apache-2.0
// A clock by hand whose wall time can jump, and whose timers have their effect before time goes on.

import { ManualClock } from '../fake/sidecar-clock.js'

const STEP_MS = 60_000

export class HandClock extends ManualClock {
  /** Added to the wall clock alone: an operator, or NTP. */
  skew = 0

  override now(): Date {
    return new Date(super.now().getTime() + this.skew)
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.advance(Math.min(left, STEP_MS))
      await settled()
    }
  }
}

/** Some turns of the event loop, for promises and for what the system reports at once. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

// SPDX-License-Identifier: Apache-2.0
// A device that works at one request at a time, and takes its time over each.

import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'

/** Timers fall due up to this much late or early. */
const TIMER_GRAIN_MS = 1

export class Device {
  readonly #clock: Clock
  readonly #latencyMs: number
  #working = false
  /** By how much the wait of the last request was too long. */
  #overrunMs = 0

  /** @param latencyMs from the start of a request to its end; 0 takes as long as the work does */
  constructor(clock: Clock, latencyMs: number) {
    this.#clock = clock
    this.#latencyMs = latencyMs
  }

  /**
   * Does the work of one request while its time passes.
   *
   * @throws {AttestationError} `ERR_INTERNAL` while another request is under way
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#working) {
      throw new AttestationError('ERR_INTERNAL', 'a device was asked while it was at work')
    }
    this.#working = true
    try {
      const [done] = await Promise.all([work(), this.#pass()])
      return done
    } finally {
      this.#working = false
    }
  }

  /**
   * What a timer was off by comes off the next wait, so that requests back to back come at exactly
   * the rate that the latency says. What a busy process was late by does not.
   */
  #pass(): Promise<void> | undefined {
    if (this.#latencyMs === 0) return
    const wait = this.#latencyMs - this.#overrunMs
    const due = this.#clock.monotonic() + wait
    return new Promise((resolve) => {
      this.#clock.after(wait, () => {
        const overrun = this.#clock.monotonic() - due
        this.#overrunMs = Math.max(-TIMER_GRAIN_MS, Math.min(TIMER_GRAIN_MS, overrun))
        resolve()
      })
    })
  }
}

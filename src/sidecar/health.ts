// SPDX-License-Identifier: Apache-2.0
// Whether a device has been failing. Only requests tell, so a device that is no longer asked is given
// the benefit of the doubt again: a readiness that nothing could bring back would keep all requests
// away for good.

import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import { isFinal } from './problem.js'

/** Hosts throttle, and interrupts happen; so many in a row are no accident. */
const IN_A_ROW = 3
const REMEMBERED_MS = 60_000

export class Health {
  #failures = 0
  #last: { readonly error: AttestationError; readonly at: number } | null = null

  constructor(private readonly clock: Clock) {}

  /** @param error null when it answered */
  served(error: unknown): void {
    if (error instanceof AttestationError) {
      this.#failures += 1
      this.#last = { error, at: this.clock.monotonic() }
    } else {
      this.#failures = 0
      this.#last = null
    }
  }

  /** What the last requests failed with; null when the device may be asked with some hope. */
  get trouble(): AttestationError | null {
    if (this.#last === null) return null
    const { error, at } = this.#last
    if (isFinal(error.code)) return error
    const isRecent = this.clock.monotonic() - at < REMEMBERED_MS
    return this.#failures >= IN_A_ROW && isRecent ? error : null
  }
}

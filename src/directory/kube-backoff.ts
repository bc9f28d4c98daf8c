// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next attempt: longer each time, and never as long as everybody else.

const FIRST_MS = 200
const LAST_MS = 5_000

export class Backoff {
  #delay = FIRST_MS

  /** @param random from 0 up to 1 */
  constructor(private readonly random: () => number) {}

  /** Between half of the present delay and all of it, in milliseconds. */
  next(): number {
    const delay = this.#delay
    this.#delay = Math.min(2 * delay, LAST_MS)
    return (delay / 2) * (1 + this.random())
  }

  reset(): void {
    this.#delay = FIRST_MS
  }
}

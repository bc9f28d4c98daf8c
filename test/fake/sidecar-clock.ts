// SPDX-License-Identifier: Apache-2.0
// Time of the sidecar's test world: it goes on only when a test says so.

import type { Clock } from '../../src/service/clock.js'

interface Timer {
  readonly at: number
  readonly run: () => void
}

export class ManualClock implements Clock {
  #ms = 0
  #timers = new Set<Timer>()

  constructor(private readonly start = new Date('2026-11-21T12:00:00Z')) {}

  now(): Date {
    return new Date(this.start.getTime() + this.#ms)
  }

  monotonic(): number {
    return this.#ms
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#ms + ms, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** How many timers are armed. */
  get pending(): number {
    return this.#timers.size
  }

  /** Lets so many milliseconds go by, and rings what falls due on the way, in order. */
  advance(ms: number): void {
    const end = this.#ms + ms
    for (;;) {
      const [first] = [...this.#timers].sort((a, b) => a.at - b.at)
      if (first === undefined || first.at > end) break
      this.#ms = first.at
      this.#timers.delete(first)
      first.run()
    }
    this.#ms = end
  }
}

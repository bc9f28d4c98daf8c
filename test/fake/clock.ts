// SPDX-License-Identifier: Apache-2.0
// Time of the test world: nobody waits, and every wait is on record.

import type { Clock } from '../../src/verify/fetcher.js'

interface Timer {
  readonly at: number
  readonly ms: number
  readonly ring: () => void
}

/** Rounds of the event loop in which nothing may happen before time goes on. */
const QUIET_ROUNDS = 5

/** Goes on to the next timer whenever everybody waits. */
export class VirtualClock implements Clock {
  /** How long each wait was that came to its end. */
  readonly waits: number[] = []
  #now: number
  #timers: Timer[] = []
  #running = false

  /** @param mayRing keeps a timer of so many milliseconds from ending */
  constructor(
    start: Date,
    private readonly mayRing: (ms: number) => boolean = () => true,
  ) {
    this.#now = start.getTime()
  }

  readonly now = (): number => this.#now

  readonly sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const abort = () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
        reject(signal.reason)
      }
      const ring = () => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      const timer = { at: this.#now + Math.max(ms, 0), ms, ring }
      this.#timers.push(timer)
      signal.addEventListener('abort', abort)
      this.#run()
    })

  /** Lets time pass while nobody waits. */
  pass(ms: number): void {
    this.#now += ms
  }

  get pending(): number {
    return this.#timers.length
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    while (this.#timers.length > 0) {
      for (let round = 0; round < QUIET_ROUNDS; round++) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      const [next] = this.#timers.filter(({ ms }) => this.mayRing(ms)).sort((a, b) => a.at - b.at)
      if (next) this.#ring(next)
    }
    this.#running = false
  }

  #ring(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer)
    this.#now = Math.max(this.#now, timer.at)
    this.waits.push(timer.ms)
    timer.ring()
  }
}

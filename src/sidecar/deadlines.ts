// SPDX-License-Identifier: Apache-2.0
// Ends what has waited too long. Everybody may wait equally long, so whoever came first is due first,
// and one timer serves all.

import type { Clock } from '../service/clock.js'

/** How long a request may wait and be worked on, unless somebody says otherwise. */
export const DEADLINE_MS = 30_000

/** Somebody who waits. */
export interface Waiting {
  readonly done: boolean
  /** Called once, when the time is over and `done` is still false. */
  expire(): void
}

interface Entry {
  readonly waiting: Waiting
  readonly due: number
}

const FEW = 64

export class Deadlines {
  /** In the order of their coming. */
  #entries: Entry[] = []
  /** How many at the front are dealt with. */
  #passed = 0
  /** Entries after which to look for those that are done. */
  #roomFor = FEW
  #cancel: (() => void) | null = null

  constructor(
    private readonly clock: Clock,
    private readonly ms: number,
  ) {}

  add(waiting: Waiting): void {
    if (this.#entries.length >= this.#roomFor) this.#dropDone()
    this.#entries.push({ waiting, due: this.clock.monotonic() + this.ms })
    this.#arm()
  }

  #arm(): void {
    this.#skipDone()
    const first = this.#entries[this.#passed]
    if (first === undefined || this.#cancel) return
    // A timer may ring a little early; one millisecond more spares a second round.
    const wait = Math.max(0, Math.ceil(first.due - this.clock.monotonic())) + 1
    this.#cancel = this.clock.after(wait, () => {
      this.#cancel = null
      this.#expire()
      this.#arm()
    })
  }

  #expire(): void {
    const now = this.clock.monotonic()
    for (;;) {
      this.#skipDone()
      const first = this.#entries[this.#passed]
      if (first === undefined || first.due > now) return
      this.#passed += 1
      first.waiting.expire()
    }
  }

  #skipDone(): void {
    while (this.#entries[this.#passed]?.waiting.done) this.#passed += 1
    // Emptied now and then rather than shifted each time, which costs the length of the list.
    if (this.#passed > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#passed)
      this.#passed = 0
    }
  }

  /** Whoever is dealt with would be kept until all before him are, with everything that he holds. */
  #dropDone(): void {
    this.#entries = this.#entries.slice(this.#passed).filter(({ waiting }) => !waiting.done)
    this.#passed = 0
    // As many again, so that each entry is looked at twice at most, on average.
    this.#roomFor = Math.max(FEW, 2 * this.#entries.length)
  }

  /** Lets go of the timer; for when nobody waits any more. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }
}

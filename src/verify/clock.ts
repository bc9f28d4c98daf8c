// SPDX-License-Identifier: Apache-2.0
// Time as the caller gives it, and work that must end in time.

import { AttestationError } from '../errors.js'

/** The caller's time. Nothing here reads a clock or starts a timer of its own. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /**
   * Resolves after that many milliseconds, and settles either way when the signal aborts, as
   * `setTimeout` of `node:timers/promises` does.
   */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/**
 * The caller's signal, with one listener for everybody who waits: hosts take many listeners on one
 * signal for a leak, and a listener that stays is one.
 */
export class Abort {
  readonly #tellAll = () => {
    for (const tell of [...this.#told]) tell()
  }
  readonly #told = new Set<() => void>()

  constructor(readonly signal: AbortSignal) {}

  /** @throws {AttestationError} `ERR_ENDORSER_ABORTED` */
  check(): void {
    if (this.signal.aborted) throw this.error()
  }

  add(tell: () => void): void {
    if (this.#told.size === 0) this.signal.addEventListener('abort', this.#tellAll)
    this.#told.add(tell)
  }

  remove(tell: () => void): void {
    this.#told.delete(tell)
    if (this.#told.size === 0) this.signal.removeEventListener('abort', this.#tellAll)
  }

  error(): AttestationError {
    const { reason: cause } = this.signal
    return new AttestationError('ERR_ENDORSER_ABORTED', 'the caller aborted the fetch', { cause })
  }
}

/** How long something may take, and who may end it. */
export interface Limit {
  readonly ms: number
  readonly sleep: Clock['sleep']
  readonly abort: Abort
}

/**
 * Settles as `run` does, or as `late` does when the time is over first. Work that is given up is told
 * so by the signal it got, and not waited for.
 *
 * @throws {AttestationError} `ERR_ENDORSER_ABORTED`
 */
export async function within<Value>(
  { ms, sleep, abort }: Limit,
  run: (signal: AbortSignal) => Promise<Value>,
  late: () => Value,
): Promise<Value> {
  abort.check()
  const stop = new AbortController()
  let tell!: () => void
  const aborted = new Promise<never>((_, reject) => {
    tell = () => reject(abort.error())
  })
  abort.add(tell)
  try {
    return await Promise.race([run(stop.signal), sleep(ms, stop.signal).then(late), aborted])
  } finally {
    abort.remove(tell)
    stop.abort()
  }
}

/** Waits, unless the caller aborts. */
export async function rest({ ms, sleep, abort }: Limit): Promise<void> {
  try {
    await sleep(ms, abort.signal)
  } catch (error) {
    abort.check()
    throw error
  }
  abort.check()
}

// SPDX-License-Identifier: Apache-2.0
// Counts what came back under load, from the end of the warm-up on.

/** What came back; times in milliseconds. */
export interface Loaded {
  readonly answers: number
  readonly perSecond: number
  readonly statuses: Readonly<Record<string, number>>
  /** Of answers with status 200. */
  readonly good: Times
  readonly refused: Times
  /** Of the last answer with status 200. */
  readonly bodyLength: number
  readonly sample: readonly Sampled[]
  /** Connections that ended under way. */
  readonly broken: number
}

export interface Times {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** A whole answer, and what it answers; both base64. */
export interface Sampled {
  readonly nonce: string
  readonly body: string
}

export class Tally {
  readonly sample: Sampled[] = []
  broken = 0
  #start = Number.POSITIVE_INFINITY
  #bodyLength = 0
  #seen = 0
  readonly #statuses: Record<string, number> = {}
  readonly #good: number[] = []
  readonly #refused: number[] = []

  /** @param most how many whole answers to keep */
  constructor(private readonly most: number) {}

  /** Counts from `start` on. */
  begin(start: number): void {
    this.#start = start
  }

  /** Where to keep the answer that comes now, each of them as probably; null for not at all. */
  place(now: number): number | null {
    if (now < this.#start) return null
    this.#seen += 1
    if (this.sample.length < this.most) return this.sample.length
    const place = Math.floor(Math.random() * this.#seen)
    return place < this.most ? place : null
  }

  count(status: number, bodyLength: number, sent: number, now: number): void {
    if (now < this.#start) return
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
    if (status === 200) {
      this.#good.push(now - sent)
      this.#bodyLength = bodyLength
    } else {
      this.#refused.push(now - sent)
    }
  }

  summary(now: number): Loaded {
    const seconds = (now - this.#start) / 1000
    const answers = this.#good.length + this.#refused.length
    return {
      answers,
      perSecond: answers / seconds,
      statuses: this.#statuses,
      good: times(this.#good, seconds),
      refused: times(this.#refused, seconds),
      bodyLength: this.#bodyLength,
      sample: this.sample,
      broken: this.broken,
    }
  }
}

/** In milliseconds, over so many seconds. */
export function times(values: readonly number[], seconds: number): Times {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { perSecond: values.length / seconds, p50: at(0.5), p99: at(0.99), max: at(1) }
}

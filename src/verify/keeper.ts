// SPDX-License-Identifier: Apache-2.0
// Between a store and the network: what is kept is used while it is fresh, what is fetched is kept
// once it is checked, and what is kept is checked like what is fetched.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { refuse, type Wanted } from './answer.js'
import type { Fetcher, Progress } from './fetcher.js'
import { joined } from './line.js'
import type { EndorsementStore } from './store.js'

/** Something that can be fetched and kept. */
export interface Item<Value> extends Wanted {
  /** In the store. */
  readonly key: string
  /** Refuses, with a code of the layer `endorsement`, what is not what was asked. */
  readonly read: (bytes: Bytes) => Promise<Value>
  /** The same of an answer that has just come, where more is known of what it must say. */
  readonly readAnswer?: (bytes: Bytes) => Promise<Value>
  /** Whether it may be used without asking; `age` in milliseconds, infinite if it is not credible. */
  readonly isFresh: (value: Value, age: number) => boolean
  /** Whether it may be used after asking in vain. */
  readonly staleOnError: boolean
  /** Whether an answer is at least as new as what is kept. */
  readonly isSuccessor: (value: Value, kept: Value) => boolean
}

interface Kept<Value> {
  readonly value: Value
  readonly fetchedAt: number
}

export interface KeeperOptions {
  readonly store: EndorsementStore
  /** Null: offline. */
  readonly fetcher: Fetcher | null
  readonly now: () => number
  readonly onProgress: (progress: Progress) => void
}

export class Keeper {
  readonly #options: KeeperOptions
  readonly #flights = new Map<string, Promise<unknown>>()

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /**
   * @throws {AttestationError} `ERR_ENDORSER_OFFLINE`, `ERR_ENDORSER_ANSWER`, and what
   * `Fetcher.get` throws
   */
  obtain<Value>(item: Item<Value>): Promise<Value> {
    const flights = this.#flights as Map<string, Promise<Value>>
    return joined(flights, item.key, () => this.#obtain(item))
  }

  async #obtain<Value>(item: Item<Value>): Promise<Value> {
    const kept = await this.#kept(item)
    if (kept && item.isFresh(kept.value, this.#age(kept))) return kept.value
    try {
      return await this.#fetch(item, kept)
    } catch (cause) {
      if (!kept || !item.staleOnError || !isService(cause)) throw cause
      const { what } = item
      this.#options.onProgress({ state: 'stale', what, fetchedAt: kept.fetchedAt, cause })
      return kept.value
    }
  }

  async #kept<Value>(item: Item<Value>): Promise<Kept<Value> | null> {
    const entry = await this.#options.store.get(item.key).catch(() => null)
    if (!entry) return null
    try {
      const value = await item.read(new Uint8Array(entry.bytes))
      return { value, fetchedAt: timeOf(entry.fetchedAt) }
    } catch (error) {
      if (error instanceof AttestationError) return null
      throw error
    }
  }

  /** A clock that was wrong then, or is now, makes nothing fresh. */
  #age({ fetchedAt }: Kept<unknown>): number {
    const age = this.#options.now() - fetchedAt
    return age >= 0 ? age : Number.POSITIVE_INFINITY
  }

  async #fetch<Value>(item: Item<Value>, kept: Kept<Value> | null): Promise<Value> {
    const { store, fetcher, now, onProgress } = this.#options
    const { key, what } = item
    if (!fetcher) {
      throw refuse(item, 'ERR_ENDORSER_OFFLINE', 'not in the store, or too old, and offline')
    }
    const bytes = await fetcher.get(item)
    const fetchedAt = now()
    const { read, readAnswer = read } = item
    const value = await readAnswer(bytes).catch((cause) => {
      throw wrongAnswer(item, cause)
    })
    if (kept && !item.isSuccessor(value, kept.value)) {
      throw refuse(item, 'ERR_ENDORSER_ANSWER', 'older than what the service gave before')
    }
    try {
      await store.put(key, { bytes, fetchedAt })
    } catch (cause) {
      onProgress({ state: 'not-stored', what, cause })
    }
    return value
  }
}

/** What a store gives for a time, if it is one: else none, which is nowhere near now. */
const timeOf = (ms: number): number => (Number.isNaN(new Date(ms).getTime()) ? 0 : ms)

/** Whatever is wrong with an answer has one code; what kept us from judging it has its own. */
function wrongAnswer(item: Wanted, cause: unknown): unknown {
  if (!(cause instanceof AttestationError) || cause.layer !== 'endorsement') return cause
  return refuse(item, 'ERR_ENDORSER_ANSWER', cause.message, { cause })
}

/** Whether it is the service that failed, rather than that somebody gave up or we have a bug. */
const isService = (error: unknown): boolean =>
  error instanceof AttestationError &&
  error.layer !== 'internal' &&
  error.code !== 'ERR_ENDORSER_ABORTED'

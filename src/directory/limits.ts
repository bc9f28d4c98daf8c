// SPDX-License-Identifier: Apache-2.0
// How often one address may ask.

import type { Clock } from '../service/clock.js'

/** Addresses that are remembered at once, twice over. */
const MOST_ADDRESSES = 50_000

export interface RateOptions {
  readonly clock: Clock
  /** 0: as often as they like. */
  readonly perSecond: number
  /** At once, by one that has been still. */
  readonly burst: number
  /** Default 50 000; for tests. */
  readonly mostAddresses?: number
}

/**
 * The generic cell rate algorithm: one number for each address, the time at which it will have been
 * still for long enough to have its whole burst again. Whoever has come to that is forgotten, and with
 * more addresses than there is room for, so are some others: an address costs an attacker of IPv6
 * nothing, and must cost us no memory.
 */
export class RateLimit {
  readonly #clock: Clock
  readonly #costMs: number
  readonly #burstMs: number
  readonly #most: number
  #now = new Map<string, number>()
  #before = new Map<string, number>()
  #turnAt = 0

  constructor({ clock, perSecond, burst, mostAddresses = MOST_ADDRESSES }: RateOptions) {
    this.#clock = clock
    this.#costMs = perSecond > 0 ? 1000 / perSecond : 0
    this.#burstMs = this.#costMs * burst
    this.#most = mostAddresses
  }

  /** Counts a request. Returns after how many seconds to come back; 0 for one that is let in. */
  take(address: string): number {
    if (this.#costMs === 0) return 0
    const now = this.#clock.monotonic()
    this.#turn(now)
    const known = this.#now.get(address) ?? this.#before.get(address) ?? 0
    const after = Math.max(known, now) + this.#costMs
    const late = after - now - this.#burstMs
    if (late > 0) return Math.ceil(late / 1000)
    this.#now.set(address, after)
    return 0
  }

  #turn(now: number): void {
    if (now < this.#turnAt && this.#now.size < this.#most) return
    this.#before = this.#now
    this.#now = new Map()
    // By then, all that are in `#before` and not asked again have their whole burst.
    this.#turnAt = now + this.#burstMs
  }
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
/** Longer than any, and shorter than what a header that a proxy passes on may hold. */
const ADDRESS_LEN = 64
const GROUPS = 8
const NETWORK_GROUPS = 4

/**
 * What counts as one address: of IPv6 the /64, which is what one subscriber is given, and of which
 * nobody has to leave to have 2^64 of them.
 */
export function subscriberOf(address: string | undefined): string {
  // A connection that has ended has none, nor has one that is no network's.
  if (address === undefined) return ''
  if (!address.includes(':')) return address.slice(0, ADDRESS_LEN)
  const mapped = MAPPED.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = (address.slice(0, ADDRESS_LEN).split('%')[0] as string).split('::')
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const gap = Array.from({ length: GROUPS - left.length - right.length }, () => '0')
  const network = [...left, ...gap, ...right].slice(0, NETWORK_GROUPS)
  return network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')
}

const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))

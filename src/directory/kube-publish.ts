// SPDX-License-Identifier: Apache-2.0
// What the namespaces say → the state: one lease, one answer, even where two namespaces claim it.

import { type LeaseHints, type LeaseId, leaseKey } from '../discovery/lease.js'

/** The part of the state that is written. */
export interface LeaseTarget {
  setLease(hints: LeaseHints): void
  deleteLease(id: LeaseId): void
}

export class Publisher {
  /** What each namespace claims. */
  readonly #claims = new Map<string, LeaseId>()
  /** The namespaces that claim a lease, the one that is believed first. */
  readonly #claimants = new Map<string, string[]>()

  /** @param hintsOf what a namespace says; null: nothing */
  constructor(
    private readonly target: LeaseTarget,
    private readonly hintsOf: (namespace: string) => LeaseHints | null,
  ) {}

  publish(namespace: string): void {
    const hints = this.hintsOf(namespace)
    const before = this.#claims.get(namespace)
    if (before && (!hints || leaseKey(hints.lease) !== leaseKey(before))) {
      this.#withdraw(namespace, before)
    }
    if (!hints) return
    this.#claims.set(namespace, hints.lease)
    const key = leaseKey(hints.lease)
    const claimants = new Set(this.#claimants.get(key)).add(namespace)
    // By name, as any replica would decide.
    const sorted = [...claimants].sort()
    this.#claimants.set(key, sorted)
    if (sorted[0] === namespace) this.target.setLease(hints)
  }

  #withdraw(namespace: string, id: LeaseId): void {
    this.#claims.delete(namespace)
    const key = leaseKey(id)
    const left = (this.#claimants.get(key) as string[]).filter((other) => other !== namespace)
    if (left.length === 0) {
      this.#claimants.delete(key)
      this.target.deleteLease(id)
      return
    }
    this.#claimants.set(key, left)
    // It may have changed as well; then it is published again.
    const hints = this.hintsOf(left[0] as string)
    if (hints && leaseKey(hints.lease) === key) this.target.setLease(hints)
  }
}

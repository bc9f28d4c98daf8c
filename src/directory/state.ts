// SPDX-License-Identifier: Apache-2.0
// What all routes read: the present leases and expectations, in memory, each prepared once per change.

import { type LeaseHints, type LeaseId, leaseKey } from '../discovery/lease.js'
import { type Body, etagOf, leaseBody } from './lease-body.js'

/** A lease as it is served. */
export interface LeaseEntry extends Body {
  /** owner/dseq/gseq/oseq */
  readonly key: string
  readonly owner: string
  readonly endpoints: number
  /** What the leases of an owner are sorted by. */
  readonly order: string
}

/** Expectations as they are served: the very bytes that the digest is of. */
export interface ExpectationsEntry {
  readonly bytes: Buffer
  readonly etag: string
}

/** A lease that is there, changed, or gone. */
export interface Change {
  readonly key: string
  readonly owner: string
  /** Null for one that is gone. */
  readonly etag: string | null
}

export interface Counts {
  readonly leases: number
  readonly endpoints: number
  readonly owners: number
  readonly expectations: number
}

const U64_DIGITS = 20
const U32_DIGITS = 10

/** As a text whose order is that of the numbers. */
export const orderOf = ({ dseq, gseq, oseq }: Omit<LeaseId, 'owner'>): string =>
  dseq.padStart(U64_DIGITS, '0') +
  `${gseq}`.padStart(U32_DIGITS, '0') +
  `${oseq}`.padStart(U32_DIGITS, '0')

export class DirectoryState {
  readonly #leases = new Map<string, LeaseEntry>()
  /** Sorted by `order`. */
  readonly #byOwner = new Map<string, readonly LeaseEntry[]>()
  readonly #expectations = new Map<string, ExpectationsEntry>()
  readonly #listeners = new Set<(change: Change) => void>()
  #endpoints = 0

  /** Puts a lease in, or in the place of what it was. The same again is no change. */
  setLease(hints: LeaseHints): void {
    const key = leaseKey(hints.lease)
    const { text, etag } = leaseBody(hints)
    const before = this.#leases.get(key)
    if (before?.etag === etag) return
    const { owner } = hints.lease
    const endpoints = hints.endpoints.length
    const entry = { key, owner, endpoints, order: orderOf(hints.lease), text, etag }
    this.#leases.set(key, entry)
    this.#endpoints += endpoints - (before?.endpoints ?? 0)
    this.#place(entry, before)
    this.#tell({ key, owner, etag })
  }

  deleteLease(id: LeaseId): void {
    this.#delete(leaseKey(id))
  }

  /** Makes these the only ones; what is the same stays what it is. */
  replaceLeases(all: Iterable<LeaseHints>): void {
    const kept = new Set<string>()
    for (const hints of all) {
      kept.add(leaseKey(hints.lease))
      this.setLease(hints)
    }
    for (const key of this.#leases.keys()) if (!kept.has(key)) this.#delete(key)
  }

  /**
   * Makes these the only ones.
   *
   * @param documents by digest, `sha256:` and hex; the bytes are not copied
   */
  setExpectations(documents: ReadonlyMap<string, Uint8Array>): void {
    this.#expectations.clear()
    for (const [digest, { buffer, byteOffset, byteLength }] of documents) {
      const bytes = Buffer.from(buffer, byteOffset, byteLength)
      this.#expectations.set(digest, { bytes, etag: `"${digest}"` })
    }
  }

  /** @param key owner/dseq/gseq/oseq */
  lease(key: string): LeaseEntry | undefined {
    return this.#leases.get(key)
  }

  /** Those of one owner by dseq, gseq and oseq: the same list for as long as nothing changes. */
  leasesOf(owner: string): readonly LeaseEntry[] {
    return this.#byOwner.get(owner) ?? []
  }

  expectations(digest: string): ExpectationsEntry | undefined {
    return this.#expectations.get(digest)
  }

  get counts(): Counts {
    return {
      leases: this.#leases.size,
      endpoints: this.#endpoints,
      owners: this.#byOwner.size,
      expectations: this.#expectations.size,
    }
  }

  /** One tag for all there is: that two replicas know the same is told by comparing it. */
  digest(): string {
    const leases = [...this.#leases.values()].map(({ key, etag }) => key + etag)
    return etagOf([...leases, ...this.#expectations.keys()].sort().join('\n'))
  }

  /** Calls back for every change from now on; what it returns ends that. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #delete(key: string): void {
    const entry = this.#leases.get(key)
    if (!entry) return
    const { owner, endpoints } = entry
    this.#leases.delete(key)
    this.#endpoints -= endpoints
    const left = this.leasesOf(owner).filter((other) => other !== entry)
    if (left.length > 0) this.#byOwner.set(owner, left)
    else this.#byOwner.delete(owner)
    this.#tell({ key, owner, etag: null })
  }

  #place(entry: LeaseEntry, before: LeaseEntry | undefined): void {
    const owned = this.#byOwner.get(entry.owner)
    const place = owned ? placeOf(owned, entry.order) : 0
    this.#byOwner.set(entry.owner, (owned ?? []).toSpliced(place, before ? 1 : 0, entry))
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change)
  }
}

/** Where the first stands whose order is not before this one: halving, for an owner may have many. */
export function placeOf(owned: readonly LeaseEntry[], order: string): number {
  let from = 0
  let to = owned.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((owned[middle] as LeaseEntry).order < order) from = middle + 1
    else to = middle
  }
  return from
}

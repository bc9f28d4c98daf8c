// SPDX-License-Identifier: Apache-2.0
// What the tests of the AMD endorser share: a service with machines, a clock, a store that can be
// looked into, and the client between them.

import { decodeTcb, type Product } from '../../src/core/snp.js'
import { AttestationError, type Code } from '../../src/errors.js'
import type { Chip, SnpEndorser } from '../../src/verify/endorser.js'
import type { Progress } from '../../src/verify/fetcher.js'
import { type AmdKdsOptions, amdKds } from '../../src/verify/kds.js'
import type { EndorsementStore, StoredEntry } from '../../src/verify/store.js'
import { type Amd, AT, mintAmd } from '../fake/amd.js'
import { VirtualClock } from '../fake/clock.js'
import { FakeKds, fetchOf } from '../fake/kds.js'
import { MODELS } from '../fake/snp.js'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** A chip with an id of that byte. */
export function chipOf(product: Product, fill = 0xc1): Chip {
  const { tcb, chipIdLength } = MODELS[product]
  return {
    product,
    chipId: new Uint8Array(chipIdLength).fill(fill),
    tcb: decodeTcb(Uint8Array.from(tcb), product),
  }
}

/** The certificates of one chip. */
export function mintChip({ product, chipId, tcb }: Chip): Promise<Amd> {
  const padded = new Uint8Array(64)
  padded.set(chipId)
  return mintAmd({ product, chipId: padded, tcb })
}

export class MapStore implements EndorsementStore {
  readonly entries = new Map<string, StoredEntry>()
  async get(key: string): Promise<StoredEntry | null> {
    return this.entries.get(key) ?? null
  }
  async put(key: string, entry: StoredEntry): Promise<void> {
    this.entries.set(key, entry)
  }
  get keys(): string[] {
    return [...this.entries.keys()].map((key) => key.split('/').slice(2, 4).join('/'))
  }
}

export interface World {
  readonly kds: FakeKds
  readonly clock: VirtualClock
  readonly store: MapStore
  readonly amd: Amd
  readonly chip: Chip
  readonly progress: Progress[]
  /** A new client, as a new process would make it. */
  readonly client: (options?: Partial<AmdKdsOptions>) => SnpEndorser
}

/** One product line with one machine; its root is trusted. */
export async function world(product: Product = 'Milan'): Promise<World> {
  const kds = new FakeKds()
  const clock = new VirtualClock(AT)
  const store = new MapStore()
  const progress: Progress[] = []
  const chip = chipOf(product)
  const amd = await mintChip(chip)
  kds.addVcek(product, chip.chipId, chip.tcb, amd.vek)
  await kds.addAuthority(product, 'vcek', amd)
  const client = (options: Partial<AmdKdsOptions> = {}) =>
    amdKds({
      fetch: fetchOf(kds, clock),
      store,
      now: clock.now,
      sleep: clock.sleep,
      roots: [amd.ark],
      onProgress: (event) => progress.push(event),
      ...options,
    })
  return { kds, clock, store, amd, chip, progress, client }
}

/** The code that a promise rejects with, or null. */
export async function codeFrom(promise: Promise<unknown>): Promise<Code | null> {
  try {
    await promise
    return null
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error
    return error.code
  }
}

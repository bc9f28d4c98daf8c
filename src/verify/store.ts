// SPDX-License-Identifier: Apache-2.0
// Where fetched endorsements are kept. A store need not be trusted: what comes out of it is checked
// like an answer of the network, so it may lose, mix up or alter entries and only costs a request.
// Whoever can write to it can, like a mirror, hand out an older CRL that is still genuine.

import type { Bytes } from '../core/private-copy.js'

/** What was fetched, and when. */
export interface StoredEntry {
  readonly bytes: Uint8Array
  /** Milliseconds since 1970. */
  readonly fetchedAt: number
}

/** Keys are short, exact and printable: `kds/v1/…`. */
export interface EndorsementStore {
  /** Null for whatever is not there or cannot be read. */
  get(key: string): Promise<StoredEntry | null>
  /** Rejects when it cannot be kept; nobody loses the answer over that. */
  put(key: string, entry: StoredEntry): Promise<void>
}

const LIMIT = 256

/**
 * Keeps entries as long as the process lives, the oldest ones of too many not even that.
 *
 * @param limit number of entries; 256 unless told
 */
export function memoryStore(limit = LIMIT): EndorsementStore {
  const entries = new Map<string, StoredEntry>()
  return {
    async get(key) {
      const entry = entries.get(key)
      return entry ? copy(entry) : null
    },
    async put(key, entry) {
      entries.delete(key)
      entries.set(key, copy(entry))
      if (entries.size > limit) entries.delete(entries.keys().next().value as string)
    },
  }
}

const copy = ({ bytes, fetchedAt }: StoredEntry): { bytes: Bytes; fetchedAt: number } => ({
  bytes: new Uint8Array(bytes),
  fetchedAt,
})

const CACHE_NAME = 'assay-endorsements-v1'
const FETCHED_AT = 'x-assay-fetched-at'

/**
 * Keeps entries in a browser's CacheStorage, which shares them between the pages and workers of an
 * origin. The browser bounds its size.
 *
 * @param caches the global `caches` of a page in a secure context
 */
export function cacheStorageStore(caches: CacheStorage, name = CACHE_NAME): EndorsementStore {
  return {
    async get(key) {
      try {
        const response = await (await caches.open(name)).match(address(key))
        return response ? await entryOf(response) : null
      } catch {
        return null
      }
    },
    async put(key, { bytes, fetchedAt }) {
      const headers = { [FETCHED_AT]: String(fetchedAt) }
      const cache = await caches.open(name)
      await cache.put(address(key), new Response(new Uint8Array(bytes), { headers }))
    },
  }
}

/** A cache has requests for keys. Nobody ever sends these: the name cannot be resolved (RFC 6761). */
const address = (key: string): string => `https://assay.invalid/${encodeURIComponent(key)}`

async function entryOf(response: Response): Promise<StoredEntry> {
  return {
    bytes: new Uint8Array(await response.arrayBuffer()),
    // A missing time is none, which is nowhere near now.
    fetchedAt: Number(response.headers.get(FETCHED_AT) ?? 0),
  }
}

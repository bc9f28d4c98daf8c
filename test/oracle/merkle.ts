// SPDX-License-Identifier: Apache-2.0
// RFC 9162 §2.1 as the RFC defines it, by recursion from the top, with node:crypto.

import { createHash } from 'node:crypto'

const sha384 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha384').update(Buffer.concat(parts)).digest()

const leaf = (entry: Uint8Array): Buffer => sha384(Buffer.of(0), entry)
const node = (left: Uint8Array, right: Uint8Array): Buffer => sha384(Buffer.of(1), left, right)

/** The largest power of two smaller than n. */
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** MTH and PATH of one list; subtrees are hashed once and remembered. */
export class Tree {
  readonly #entries: readonly Uint8Array[]
  readonly #known = new Map<number, Buffer>()

  constructor(entries: readonly Uint8Array[]) {
    this.#entries = entries
  }

  /** MTH(D[from:to]), §2.1.1. */
  root(from = 0, to = this.#entries.length): Buffer {
    const key = from * 0x100000 + to
    let hash = this.#known.get(key)
    if (hash === undefined) {
      const middle = from + split(to - from)
      hash =
        to - from === 1
          ? leaf(this.#entries[from] as Uint8Array)
          : node(this.root(from, middle), this.root(middle, to))
      this.#known.set(key, hash)
    }
    return hash
  }

  /** PATH(m, D[from:to]), §2.1.3.1, with m counted from the start of the whole list. */
  path(m: number, from = 0, to = this.#entries.length): Buffer[] {
    if (to - from === 1) return []
    const middle = from + split(to - from)
    return m < middle
      ? [...this.path(m, from, middle), this.root(middle, to)]
      : [...this.path(m, middle, to), this.root(from, middle)]
  }
}

/** The root that a path leads to, from the top down; null when the path has the wrong length. */
export function climb(
  entry: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Buffer | null {
  if (size === 1) return path.length === 0 ? leaf(entry) : null
  const sibling = path.at(-1)
  if (sibling === undefined) return null
  const k = split(size)
  const below = path.slice(0, -1)
  const own = index < k ? climb(entry, index, k, below) : climb(entry, index - k, size - k, below)
  if (own === null) return null
  return index < k ? node(own, sibling) : node(sibling, own)
}

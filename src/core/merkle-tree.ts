// SPDX-License-Identifier: Apache-2.0
// RFC 9162 Merkle trees over SHA-384: build one and cut inclusion paths from it.

import * as protocol from '../../assembly/protocol.js'
import { AttestationError } from '../errors.js'
import { checkU32 } from './bytes.js'
import { type Core, call } from './core.js'
import { checkEntry } from './merkle.js'
import type { Bytes } from './private-copy.js'

const { HASH_LEN } = protocol

export type { MerkleTree }

/**
 * Builds the tree of `entries` (RFC 9162 §2.1.1), 1 to 65536 of them, each of at most 65536 bytes.
 *
 * @throws {AttestationError} `ERR_MERKLE_INDEX` for another number of entries; `ERR_EVIDENCE_SIZE`
 * for a longer entry
 */
export function merkleTree(entries: readonly Uint8Array[]): MerkleTree {
  const size = entries.length
  if (size < 1 || size > protocol.TREE_SIZE_MAX) {
    throw new AttestationError(
      'ERR_MERKLE_INDEX',
      `a tree of 1 to ${protocol.TREE_SIZE_MAX} entries expected, got ${size}`,
    )
  }
  return call((c) => {
    let level = leaves(c, entries)
    const levels = [level]
    while (level.length > HASH_LEN) {
      level = parents(c, level)
      levels.push(level)
    }
    return new MerkleTree(levels)
  })
}

/** A built tree. It holds hashes only; every byte field it hands out is a fresh copy. */
class MerkleTree {
  /** Leaves first, root last; each level's hashes one after another. */
  readonly #levels: readonly Bytes[]

  constructor(levels: readonly Bytes[]) {
    this.#levels = levels
  }

  /** Number of leaves. */
  get size(): number {
    return (this.#levels[0] as Uint8Array).length / HASH_LEN
  }

  /** Leaves first, root last; each level's 48-byte hashes one after another. */
  get levels(): Bytes[] {
    return this.#levels.map((level) => level.slice())
  }

  /** 48 bytes. */
  get root(): Bytes {
    return (this.#levels.at(-1) as Bytes).slice()
  }

  /**
   * The inclusion path of the leaf at `index` (RFC 9162 §2.1.3.1): 48-byte hashes, the leaf's
   * sibling first, none for a tree of one.
   *
   * @throws {AttestationError} `ERR_MERKLE_INDEX` for an index outside the tree
   */
  path(index: number): Bytes[] {
    checkU32(index, 'leaf index')
    if (index >= this.size) {
      throw new AttestationError(
        'ERR_MERKLE_INDEX',
        `leaf index below ${this.size} expected, got ${index}`,
      )
    }
    return this.#levels.flatMap((level, height) => {
      const at = ((index >> height) ^ 1) * HASH_LEN
      return at < level.length ? [level.slice(at, at + HASH_LEN)] : []
    })
  }
}

/** Hashes the entries in as many window fulls as they need. */
function leaves(c: Core, entries: readonly Uint8Array[]): Bytes {
  const level = new Uint8Array(entries.length * HASH_LEN)
  const lengths = new DataView(c.input.buffer, c.input.byteOffset, c.input.length)
  let done = 0
  let count = 0
  let at = 0
  const hash = () => {
    c.x.hashLeaves(count)
    level.set(c.output.subarray(0, count * HASH_LEN), done * HASH_LEN)
    done += count
    count = 0
    at = 0
  }
  for (const entry of entries) {
    checkEntry(entry)
    const next = at + protocol.RECORD_ENTRY_AT + entry.length
    if (count === hashesOut(c) || next > c.input.length) hash()
    lengths.setUint32(at, entry.length, true)
    c.input.set(entry, at + protocol.RECORD_ENTRY_AT)
    at += protocol.RECORD_ENTRY_AT + entry.length
    count += 1
  }
  hash()
  return level
}

/** The level above `level`, in as many window fulls as it needs. */
function parents(c: Core, level: Uint8Array): Bytes {
  const above = new Uint8Array(Math.ceil(level.length / HASH_LEN / 2) * HASH_LEN)
  const most = hashesOut(c) * HASH_LEN
  for (let at = 0; at < above.length; at += most) {
    const children = level.subarray(2 * at, 2 * (at + most))
    c.input.set(children)
    c.x.hashNodes(children.length / HASH_LEN)
    above.set(c.output.subarray(0, Math.min(most, above.length - at)), at)
  }
  return above
}

/** How many hashes one call can hand back. */
function hashesOut(c: Core): number {
  return Math.floor(c.output.length / HASH_LEN)
}

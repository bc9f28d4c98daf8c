// SPDX-License-Identifier: Apache-2.0
// Trees and proofs for tests, and every way to change one by a bit.

import { merkleTree } from '../../src/core/merkle-tree.js'
import { AttestationError, type Code } from '../../src/errors.js'
import { changed } from '../helpers.js'

/** Distinct entries of 64 bytes, the shape of a claim tree. */
export function entriesOf(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, at) => {
    const entry = new Uint8Array(64).fill(at & 0xff)
    new DataView(entry.buffer).setUint32(at % 60, at)
    return entry
  })
}

/** One leaf with everything its proof needs. */
export interface Proof {
  readonly entry: Uint8Array
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
  readonly root: Uint8Array
}

export function proofs(size: number, indices: readonly number[]): Proof[] {
  const entries = entriesOf(size)
  const tree = merkleTree(entries)
  return indices.map((index) => {
    return {
      entry: entries[index] as Uint8Array,
      index,
      size,
      path: tree.path(index),
      root: tree.root,
    }
  })
}

/**
 * The code that `run` is refused with, or null. For very many refusals: no assertion for each, and
 * no stack, which costs more than the refusal.
 */
export function code(run: () => void): Code | null {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    run()
    return null
  } catch (error) {
    if (error instanceof AttestationError) return error.code
    throw error
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Every single-bit change of `bytes`. */
export function* flips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    yield changed(bytes, (copy) => {
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
    })
  }
}

/** Every single-bit change of a u32. */
export const bits = (value: number): number[] =>
  Array.from({ length: 32 }, (_, bit) => (value ^ (1 << bit)) >>> 0)
/** The first, middle and last indices of a tree. */
export const spread = (size: number): number[] =>
  [...new Set([0, 1, size >> 1, (size >> 1) + 1, size - 2, size - 1])].filter(
    (i) => i >= 0 && i < size,
  )

/** Every single-bit change of the entry, of the index and of each hash of the path. */
export function alterations(p: Proof): Proof[] {
  return [
    ...[...flips(p.entry)].map((entry) => ({ ...p, entry })),
    ...bits(p.index).map((index) => ({ ...p, index })),
    ...p.path.flatMap((hash, step) =>
      [...flips(hash)].map((other) => ({ ...p, path: p.path.with(step, other) })),
    ),
  ]
}

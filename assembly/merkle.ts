// SPDX-License-Identifier: Apache-2.0
// Merkle trees of RFC 9162 §2.1 over SHA-384. Splitting at the largest power of two below n is the
// same as pairing neighbours level by level, where an odd last one moves up unchanged.

import { inputAt, outputAt } from './arena'
import { fault } from './bytes'
import { HASH_LEN, RECORD_ENTRY_AT, RECORD_PREFIX_AT, TREE_SIZE_MAX } from './protocol'
import { digest, SHA384_LEN } from './sha2'
import { Status } from './status'

const LEAF_PREFIX: u8 = 0x00
const NODE_PREFIX: u8 = 0x01
const NODE_LEN: i32 = 1 + 2 * HASH_LEN

/** One node before hashing: prefix, left, right. */
const nodeAt: usize = memory.data(112, 16)

/**
 * Leaf hashes of the `count` records in the input window, to the output window. The lengths in the
 * records are not evidence: who lays the window out writes them.
 */
export function hashLeaves(count: i32): void {
  let at = inputAt
  let out = outputAt
  for (let i = 0; i < count; i++) {
    const length = load<i32>(at)
    hashLeaf(at + RECORD_PREFIX_AT, length, out)
    at += RECORD_ENTRY_AT + length
    out += HASH_LEN
  }
}

/** The level above the `count` hashes in the input window, to the output window. */
export function hashNodes(count: i32): void {
  let at = inputAt
  let out = outputAt
  for (let i = 1; i < count; i += 2) {
    hashNode(at, at + HASH_LEN, out)
    at += 2 * HASH_LEN
    out += HASH_LEN
  }
  if (count & 1) copyHash(out, at)
}

/**
 * The root that leads from the leaf at `index` of a tree of `size` leaves (§2.1.3.2), to the output
 * window. The input window holds the path, room for the leaf prefix, and the entry.
 */
export function rootOf(index: u32, size: u32, pathLength: i32, entryLength: i32): Status {
  if (size > <u32>TREE_SIZE_MAX || index >= size) return fault(Status.MerkleIndex, 0)
  let at = 0
  hashLeaf(inputAt + pathLength, entryLength, outputAt)
  for (let last = size - 1; last > 0; last >>= 1) {
    const isRight = (index & 1) == 1
    if (isRight || index < last) {
      if (pathLength - at < HASH_LEN) return fault(Status.MerklePathLength, at)
      const sibling = inputAt + at
      hashNode(isRight ? sibling : outputAt, isRight ? outputAt : sibling, outputAt)
      at += HASH_LEN
    }
    index >>= 1
  }
  return at == pathLength ? Status.Ok : fault(Status.MerklePathLength, at)
}

/** `at` is where the prefix goes, right before the entry. */
function hashLeaf(at: usize, entryLength: i32, out: usize): void {
  store<u8>(at, LEAF_PREFIX)
  digest(SHA384_LEN, at, 1 + entryLength, out)
}

function hashNode(left: usize, right: usize, out: usize): void {
  store<u8>(nodeAt, NODE_PREFIX)
  copyHash(nodeAt + 1, left)
  copyHash(nodeAt + 1 + HASH_LEN, right)
  digest(SHA384_LEN, nodeAt, NODE_LEN, out)
}

/** As vectors, because memory.copy is a call into the engine. */
function copyHash(to: usize, from: usize): void {
  for (let i = 0; i < HASH_LEN; i += 16) v128.store(to + i, v128.load(from + i))
}

// SPDX-License-Identifier: Apache-2.0
// RFC 9162 inclusion proofs over SHA-384: the root that a leaf and its path lead to.

import * as protocol from '../../assembly/protocol.js'
import { AttestationError } from '../errors.js'
import { checkBytes, checkU32, equalBytes } from './bytes.js'
import { call, settle } from './core.js'
import type { Bytes } from './private-copy.js'

const { HASH_LEN } = protocol

/**
 * The root that the inclusion path of `entry` leads to (RFC 9162 §2.1.3.2). A path is 48-byte
 * hashes, the leaf's sibling first, exactly as many as a leaf at `index` of `size` leaves has.
 *
 * @throws {AttestationError} `ERR_MERKLE_INDEX` for a size outside 1..65536 or an index outside the
 * tree; `ERR_MERKLE_PATH` for a path of the wrong length; `ERR_EVIDENCE_SIZE` for an entry of more
 * than 65536 bytes
 */
export function merkleRoot(
  entry: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Bytes {
  checkEntry(entry)
  checkU32(index, 'leaf index')
  checkU32(size, 'tree size')
  const hashes = joined(path)
  return call((c) => {
    c.input.set(hashes)
    c.input.set(entry, hashes.length + 1)
    settle(c, c.x.rootOf(index, size, hashes.length, entry.length))
    return c.output.slice(0, HASH_LEN)
  })
}

/**
 * Checks that `entry` is the leaf at `index` of a tree with this root. The root fixes the size only
 * together with what names both: for a batch, use `reportDataBatchVerify`.
 *
 * @throws {AttestationError} `ERR_MERKLE_PATH` when the path does not lead to `root`; otherwise as
 * `merkleRoot`
 */
export function merkleVerify(
  entry: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
): void {
  checkBytes(root, 'root')
  if (equalBytes(merkleRoot(entry, index, size, path), root)) return
  throw new AttestationError('ERR_MERKLE_PATH', 'the inclusion path does not lead to the root')
}

/** Refuses an entry that no tree of ours holds. */
export function checkEntry(entry: Uint8Array): void {
  checkBytes(entry, 'entry')
  if (entry.length > protocol.ENTRY_LEN_MAX) {
    throw new AttestationError(
      'ERR_EVIDENCE_SIZE',
      `entry of at most ${protocol.ENTRY_LEN_MAX} bytes expected, got ${entry.length}`,
    )
  }
}

function joined(path: readonly Uint8Array[]): Uint8Array {
  if (path.length > protocol.PATH_STEPS_MAX) {
    throw new AttestationError(
      'ERR_MERKLE_PATH',
      `path of at most ${protocol.PATH_STEPS_MAX} hashes expected, got ${path.length}`,
    )
  }
  const hashes = new Uint8Array(path.length * HASH_LEN)
  for (const [step, hash] of path.entries()) {
    checkBytes(hash, 'path')
    if (hash.length !== HASH_LEN) {
      throw new AttestationError(
        'ERR_MERKLE_PATH',
        `path[${step}] of ${HASH_LEN} bytes expected, got ${hash.length}`,
      )
    }
    hashes.set(hash, step * HASH_LEN)
  }
  return hashes
}

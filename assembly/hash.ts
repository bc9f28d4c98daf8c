// SPDX-License-Identifier: Apache-2.0
// Hashing between the windows: input window in, output window out, no state left behind. A message
// longer than the window goes in by parts, and the chaining value goes along: it stands in front
// of each part, CHAIN_LEN bytes, and comes back in the output window.

import { inputAt, outputAt } from './arena'
import { digest, finish, restore, SHA512_LEN, save, start } from './sha2'
import { compress } from './sha2-compress'

/** Bytes of a chaining value, whichever digest it will become. */
const CHAIN_LEN: i32 = SHA512_LEN

/** Digest (48 or 64 bytes) of the first `length` bytes. */
export function sha2Digest(digestLength: i32, length: i32): void {
  digest(digestLength, inputAt, length, outputAt)
}

/**
 * Digests of two messages that lie one after the other, one crossing for both. One by one: two
 * lanes of one vector lose to the scalar rounds (figures in bench/README.md).
 */
export function sha2Pair(digestLength: i32, first: i32, second: i32): void {
  digest(digestLength, inputAt, first, outputAt)
  digest(digestLength, inputAt + first, second, outputAt + digestLength)
}

/** The chaining value of an empty message. */
export function sha2Start(digestLength: i32): void {
  start(digestLength)
  save(outputAt)
}

/** Chaining value and `count` blocks in, chaining value out. */
export function sha2Blocks(count: i32): void {
  restore(inputAt)
  compress(inputAt + CHAIN_LEN, count)
  save(outputAt)
}

/**
 * Chaining value and the last `rest` (< 128) bytes in, digest out. `total` is the length of the
 * whole message in bytes: a float, as JavaScript counts, exact to 2^53.
 */
export function sha2Finish(digestLength: i32, rest: i32, total: f64): void {
  restore(inputAt)
  finish(digestLength, inputAt + CHAIN_LEN, rest, <u64>total, outputAt)
}

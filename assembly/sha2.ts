// SPDX-License-Identifier: Apache-2.0
// SHA-384 and SHA-512 (FIPS 180-4 §6.4, §6.5) over any range of the core's memory.

import { compress, iv384, iv512, stateAt } from './sha2-compress'

/** Bytes of a block, of a SHA-512 digest, of a SHA-384 digest. */
export const BLOCK_LEN: i32 = 128
export const SHA512_LEN: i32 = 64
export const SHA384_LEN: i32 = 48

/** The last one or two blocks of a message, padded. */
const tailAt: usize = memory.data(256, 16)

/** Writes the `digestLength` (48 or 64) byte digest of [at, at + length) to `out`. */
export function digest(digestLength: i32, at: usize, length: i32, out: usize): void {
  start(digestLength)
  const rest = length & (BLOCK_LEN - 1)
  compress(at, length >>> 7)
  finish(digestLength, at + (length - rest), rest, <u64>length, out)
}

/** Loads the initial hash value (§5.3.4, §5.3.5). */
export function start(digestLength: i32): void {
  restore(digestLength == SHA512_LEN ? iv512 : iv384)
}

/** Pads the last `rest` (< 128) bytes of a message of `total` bytes and writes the digest. */
export function finish(digestLength: i32, at: usize, rest: i32, total: u64, out: usize): void {
  const padded = rest < BLOCK_LEN - 16 ? BLOCK_LEN : 2 * BLOCK_LEN
  // Loops, not memory.fill and memory.copy: those are calls into the engine, which cost more than
  // they save on so few bytes.
  for (let i = 0; i < padded; i += 16) v128.store(tailAt + i, i64x2(0, 0))
  let i = 0
  for (; i + 8 <= rest; i += 8) store<u64>(tailAt + i, load<u64>(at + i))
  for (; i < rest; i++) store<u8>(tailAt + i, load<u8>(at + i))
  store<u8>(tailAt + rest, 0x80)
  // No message reaches 2^61 bytes, so the upper half of the length in bits stays zero.
  store<u64>(tailAt + padded - 8, bswap<u64>(total << 3))
  compress(tailAt, padded >>> 7)
  for (let j = 0; j < digestLength; j += 8) store<u64>(out + j, bswap<u64>(load<u64>(stateAt + j)))
}

/** Takes the chaining value from `at`, where `save` or a table of initial values left it. */
export function restore(at: usize): void {
  for (let i = 0; i < SHA512_LEN; i += 16) v128.store(stateAt + i, v128.load(at + i))
}

/** Writes the chaining value, in the order of the machine, to `to`. */
export function save(to: usize): void {
  for (let i = 0; i < SHA512_LEN; i += 16) v128.store(to + i, v128.load(stateAt + i))
}

// SPDX-License-Identifier: Apache-2.0
// SHA-384 and SHA-512 (FIPS 180-4 §6.4, §6.5) over any range of the core's memory.

import { compress, stateAt } from './sha2-compress'

/** Bytes of a block, of a SHA-512 digest, of a SHA-384 digest. */
export const BLOCK_LEN: i32 = 128
export const SHA512_LEN: i32 = 64
export const SHA384_LEN: i32 = 48

const tailAt: usize = memory.data(256, 16)

/** Writes the `digestLength` (48 or 64) byte digest of [at, at + length) to `out`. */
export function digest(digestLength: i32, at: usize, length: i32, out: usize): void {
  start(digestLength)
  const whole = length >> 7
  compress(at, whole)
  finish(digestLength, at + ((<usize>whole) << 7), length & 127, <u64>length, out)
}

/** Loads the initial hash value (§5.3.4, §5.3.5). */
export function start(digestLength: i32): void {
  memory.copy(stateAt, digestLength == SHA512_LEN ? iv512 : iv384, 64)
}

/** Pads the last `rest` (< 128) bytes of a message of `total` bytes and writes the digest. */
export function finish(digestLength: i32, at: usize, rest: i32, total: u64, out: usize): void {
  memory.copy(tailAt, at, rest)
  const padded = rest < 112 ? BLOCK_LEN : 2 * BLOCK_LEN
  memory.fill(tailAt + rest, 0, padded - rest)
  store<u8>(tailAt + rest, 0x80)
  store<u64>(tailAt + padded - 16, bswap<u64>(total >> 61))
  store<u64>(tailAt + padded - 8, bswap<u64>(total << 3))
  compress(tailAt, padded >> 7)
  for (let i = 0; i < digestLength; i += 8) store<u64>(out + i, bswap<u64>(load<u64>(stateAt + i)))
}

const iv512: usize = memory.data<u64>(
  [
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
  ],
  16,
)
const iv384: usize = memory.data<u64>(
  [
    0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
    0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
  ],
  16,
)

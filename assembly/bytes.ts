// SPDX-License-Identifier: Apache-2.0
// Loads, comparisons and faults that every parser of the core shares. WebAssembly loads are
// little-endian, which is the order of AMD, Intel and SPDM structures.

import { inputAt, outputAt } from './arena'
import { Status } from './status'

/**
 * Says no and leaves a number in the first word of the output window: the offset of the offending
 * byte, or what was got where that says more (a length, a version).
 */
export function fault(status: Status, at: i32): Status {
  store<u32>(outputAt, <u32>at)
  return status
}

/** Offset of the first byte in [at, at + length) that is not `value`, or -1. */
export function firstOther(at: usize, length: i32, value: u8): i32 {
  for (let i = 0; i < length; i++) {
    if (load<u8>(at + i) != value) return i
  }
  return -1
}

/** Whether every byte in [at, at + length) is zero; eight at a time, as most are. */
export function isZero(at: usize, length: i32): bool {
  const end = at + length
  let any: u64 = 0
  while (at + 8 <= end) {
    any |= load<u64>(at)
    at += 8
  }
  while (at < end) any |= <u64>load<u8>(at++)
  return any == 0
}

/** Refuses a range of the input window unless every byte of it is zero. */
export function zero(status: Status, at: i32, length: i32): Status {
  if (isZero(inputAt + at, length)) return Status.Ok
  return fault(status, at + firstOther(inputAt + at, length, 0))
}

/** Writes one word of the findings in the output window. */
export function storeWord(word: i32, value: u32): void {
  store<u32>(outputAt + ((<usize>word) << 2), value)
}

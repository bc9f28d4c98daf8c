// SPDX-License-Identifier: Apache-2.0
// The static windows through which bytes enter and leave the core. Nothing else is addressable
// from outside, and nothing is ever allocated.

/** Bytes of the input window: the largest evidence the core takes in one piece. */
export const INPUT_CAPACITY: i32 = 0x20000
/** Bytes of the output window. */
export const OUTPUT_CAPACITY: i32 = 0x4000

export const inputAt: usize = memory.data(0x20000, 16)
export const outputAt: usize = memory.data(0x4000, 16)

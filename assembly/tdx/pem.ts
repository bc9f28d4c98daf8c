// SPDX-License-Identifier: Apache-2.0
// Finds the certificates of a PCK chain in PEM text (RFC 7468): one block after the other, line
// ends between them, and at most one NUL behind them, which most quoting libraries copy along.

import { inputAt } from '../arena'
import { fault, storeWord } from '../bytes'
import { Status } from '../status'
import * as layout from './layout'

/** "-----BEGIN CERTIFICATE-----" */
const beginAt: usize = memory.data<u8>([
  0x2d, 0x2d, 0x2d, 0x2d, 0x2d, 0x42, 0x45, 0x47, 0x49, 0x4e, 0x20, 0x43, 0x45, 0x52, 0x54, 0x49,
  0x46, 0x49, 0x43, 0x41, 0x54, 0x45, 0x2d, 0x2d, 0x2d, 0x2d, 0x2d,
])
const BEGIN_LEN: i32 = 27
/** "-----END CERTIFICATE-----" */
const endAt: usize = memory.data<u8>([
  0x2d, 0x2d, 0x2d, 0x2d, 0x2d, 0x45, 0x4e, 0x44, 0x20, 0x43, 0x45, 0x52, 0x54, 0x49, 0x46, 0x49,
  0x43, 0x41, 0x54, 0x45, 0x2d, 0x2d, 0x2d, 0x2d, 0x2d,
])
const END_LEN: i32 = 25

const DASH: u8 = 0x2d
const LF: u8 = 0x0a
const CR: u8 = 0x0d

/** Leaves a row for each certificate of the PEM text [at, end) of the input window. */
export function checkChain(at: i32, end: i32): Status {
  if (at < end && load<u8>(inputAt + end - 1) == 0) end--
  let count = 0
  do {
    const next = certificateEnd(at, end)
    if (next < 0 || count == layout.CERTIFICATES_MAX) return fault(Status.TdxPckChain, at)
    const row = layout.ROWS_WORD + count * layout.ROW_WORDS
    storeWord(row + layout.ROW_PEM_AT, at)
    storeWord(row + layout.ROW_PEM_LEN, next - at)
    count++
    at = lineEnds(next, end)
    if (at == next && at < end) return fault(Status.TdxPckChain, at)
  } while (at < end)
  storeWord(layout.COUNT_WORD, count)
  return Status.Ok
}

/** End of the PEM certificate that starts at `at`, or -1. Base64 has no dash. */
function certificateEnd(at: i32, end: i32): i32 {
  if (!stands(beginAt, BEGIN_LEN, at, end)) return -1
  at += BEGIN_LEN
  while (at < end && load<u8>(inputAt + at) != DASH) at++
  return stands(endAt, END_LEN, at, end) ? at + END_LEN : -1
}

/** Whether a marker stands at `at` and within `end`. */
function stands(marker: usize, length: i32, at: i32, end: i32): bool {
  return end - at >= length && memory.compare(inputAt + at, marker, length) == 0
}

/** Offset of the first byte from `at` on that is not a line end. */
function lineEnds(at: i32, end: i32): i32 {
  while (at < end && (load<u8>(inputAt + at) == LF || load<u8>(inputAt + at) == CR)) at++
  return at
}

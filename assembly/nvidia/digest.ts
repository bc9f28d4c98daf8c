// SPDX-License-Identifier: Apache-2.0
// The GPU evidence digest G (protocol.md §3), which binds every GPU's evidence to the CPU report.

import { inputAt, outputAt } from '../arena'
import { fault } from '../bytes'
import { ROW_DIGEST_AT, ROW_INDEX_AT, ROW_LEN, ROW_LENGTH_AT, ROWS_AT } from '../protocol'
import { digest, SHA384_LEN } from '../sha2'
import { Status } from '../status'

const LABEL_LEN: i32 = 22

/** "assay/gpu-evidence/v1" || 0x00 */
const labelAt: usize = memory.data<u8>([
  0x61, 0x73, 0x73, 0x61, 0x79, 0x2f, 0x67, 0x70, 0x75, 0x2d, 0x65, 0x76, 0x69, 0x64, 0x65, 0x6e,
  0x63, 0x65, 0x2f, 0x76, 0x31, 0x00,
])

/**
 * G over `count` rows, whose digests are still to be made: each row's evidence stands behind the
 * last row, in the order of the rows. The lengths are not evidence: who lays the window out writes
 * them.
 */
export function digestEvidence(count: i32): Status {
  let row = inputAt + ROWS_AT
  let at = row + count * ROW_LEN
  for (let i = 0; i < count; i++) {
    const length = bswap<i32>(load<i32>(row + ROW_LENGTH_AT))
    digest(SHA384_LEN, at, length, row + ROW_DIGEST_AT)
    at += length
    row += ROW_LEN
  }
  return digestRows(count)
}

/** G over `count` rows, which stand at ROWS_AT as the protocol spells them. Faults count from there. */
export function digestRows(count: i32): Status {
  let last: i64 = -1
  for (let i = 0; i < count; i++) {
    const at = i * ROW_LEN + ROW_INDEX_AT
    const index = <i64>bswap<u32>(load<u32>(inputAt + ROWS_AT + at))
    if (index <= last) return fault(Status.DigestOrder, at)
    last = index
  }
  memory.copy(inputAt, labelAt, LABEL_LEN)
  store<u32>(inputAt + LABEL_LEN, bswap<u32>(count))
  digest(SHA384_LEN, inputAt, ROWS_AT + count * ROW_LEN, outputAt)
  return Status.Ok
}

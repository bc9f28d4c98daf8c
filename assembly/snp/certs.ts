// SPDX-License-Identifier: Apache-2.0
// Walks the certificate table that the host hands to the guest. Nobody signs it, so every offset
// and length in it is suspect; overlapping data and fill after the data are legal.

import { inputAt } from '../arena'
import { fault, isZero, storeWord } from '../bytes'
import { Status } from '../status'
import {
  COUNT_WORD,
  ENTRIES_MAX,
  ENTRY_GUID_AT,
  ENTRY_GUID_LEN,
  ENTRY_LEN,
  ENTRY_LENGTH_AT,
  ENTRY_OFFSET_AT,
  ROW_DATA_AT,
  ROW_DATA_LEN,
  ROW_GUID_AT,
  ROW_WORDS,
  ROWS_WORD,
} from './certs-layout'

/** Checks the first `length` bytes of the input window; writes the count and rows on yes. */
export function checkTable(length: i32): Status {
  let count = 0
  for (let at = 0; length - at >= ENTRY_LEN; at += ENTRY_LEN) {
    const entry = inputAt + at
    if (isZero(entry + ENTRY_GUID_AT, ENTRY_GUID_LEN)) {
      if (!isZero(entry, ENTRY_LEN)) return fault(Status.CertTableUnterminated, at)
      storeWord(COUNT_WORD, count)
      return Status.Ok
    }
    if (count == ENTRIES_MAX) return fault(Status.CertTableEntries, at)
    const offset = load<u32>(entry, ENTRY_OFFSET_AT)
    const size = load<u32>(entry, ENTRY_LENGTH_AT)
    if (offset > <u32>length || size > <u32>length - offset) {
      return fault(Status.CertTableBounds, at + ENTRY_OFFSET_AT)
    }
    const row = ROWS_WORD + count * ROW_WORDS
    storeWord(row + ROW_GUID_AT, at + ENTRY_GUID_AT)
    storeWord(row + ROW_DATA_AT, offset)
    storeWord(row + ROW_DATA_LEN, size)
    count++
  }
  return fault(Status.CertTableUnterminated, length)
}

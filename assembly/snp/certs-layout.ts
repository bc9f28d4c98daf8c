// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. The certificate table of an extended guest request: entries of GUID, data
// offset and data length, ended by an all-zero entry. AMD 56421, SNP Extended Guest Request.

export const ENTRY_GUID_AT = 0
export const ENTRY_GUID_LEN = 16
export const ENTRY_OFFSET_AT = 16
export const ENTRY_OFFSET_LEN = 4
export const ENTRY_LENGTH_AT = 20
export const ENTRY_LENGTH_LEN = 4
export const ENTRY_LEN = 24

/**
 * Entries of one table at most. Tables in the field hold five; as entries may overlap, the bound
 * also limits how much a hostile host can make us copy.
 */
export const ENTRIES_MAX = 32

// What the core says about a table: the number of entries, then one row of words for each.
export const COUNT_WORD = 0
export const ROWS_WORD = 1
export const ROW_GUID_AT = 0
export const ROW_DATA_AT = 1
export const ROW_DATA_LEN = 2
export const ROW_WORDS = 3

// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. The numbers of the assay evidence protocol: claims, trees, GPU rows.

export const REPORT_DATA_LEN = 64

/** Section 3, the bound transcript: label, then claims. Whoever calls leaves room for the label. */
export const CLAIMS_AT = 21
export const CLAIM_LENGTH_AT = 1
export const CLAIM_VALUE_AT = 5

export const TAG_NONCE = 0x01
export const TAG_TLS_KEY = 0x02
export const TAG_HPKE_KEY = 0x03
export const TAG_GPU_EVIDENCE = 0x04
export const TAG_USER_DATA = 0x05

export const NONCE_LEN_MIN = 32
export const NONCE_LEN_MAX = 64
/** A KEM id and at least one byte of public key. */
export const HPKE_KEY_LEN_MIN = 3
export const USER_DATA_LEN_MAX = 4096

/** Section 3, the digest G: label and count, then one row for each device. */
export const ROWS_AT = 26
export const ROW_INDEX_AT = 0
export const ROW_LENGTH_AT = 4
export const ROW_DIGEST_AT = 8
export const ROW_LEN = 56

/** Section 4, batches. */
export const TREE_SIZE_MAX = 65536
/** Inclusion path of the deepest leaf of the largest tree. */
export const PATH_STEPS_MAX = 16
/** The longest entry the core takes; the protocol's own are far shorter. */
export const ENTRY_LEN_MAX = 65536
/** Bytes of a SHA-384 leaf, node or root. */
export const HASH_LEN = 48
/** A leaf record of the input window: length, room for the leaf prefix, entry. */
export const RECORD_PREFIX_AT = 4
export const RECORD_ENTRY_AT = 5

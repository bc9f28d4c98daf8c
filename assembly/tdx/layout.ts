// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. The head of a TDX quote, version 4 and 5 (Intel DCAP sgx_quote_4.h,
// sgx_quote_5.h), its constants, and what the check of a quote finds.

export const VERSION_AT = 0x00
export const VERSION_LEN = 2
export const KEY_TYPE_AT = 0x02
export const KEY_TYPE_LEN = 2
export const TEE_TYPE_AT = 0x04
export const TEE_TYPE_LEN = 4
/** QE SVN and PCE SVN of the SGX-only version 3, in either order; reserved since version 4. */
export const RESERVED_08_AT = 0x08
export const RESERVED_08_LEN = 4
export const QE_VENDOR_ID_AT = 0x0c
export const QE_VENDOR_ID_LEN = 16
export const USER_DATA_AT = 0x1c
export const USER_DATA_LEN = 20
/** Version 4 ends its head here; its TD report body is always the one of TDX 1.0. */
export const HEADER_LEN = 0x30

/** The body descriptor, version 5 only. */
export const BODY_TYPE_AT = 0x30
export const BODY_TYPE_LEN = 2
export const BODY_SIZE_AT = 0x32
export const BODY_SIZE_LEN = 4
export const DESCRIBED_HEADER_LEN = 0x36

export const VERSION_4 = 4
export const VERSION_5 = 5
export const KEY_TYPE_ECDSA_P256 = 2
export const TEE_TYPE_TDX = 0x81

/** The u32 between the TD report body and the signature data; itself neither signed nor counted. */
export const SIGNATURE_DATA_SIZE_LEN = 4

/** PEM certificates of one PCK chain; Intel's has three. */
export const CERTIFICATES_MAX = 8

// What a passed check leaves: words of u32 in the output window. Offsets count from the quote.
export const BODY_TYPE_WORD = 0
export const BODY_AT_WORD = 1
export const SIGNATURE_DATA_AT_WORD = 2
export const QE_AUTH_LEN_WORD = 3
export const PCK_TYPE_WORD = 4
export const PCK_DATA_AT_WORD = 5
export const PCK_DATA_LEN_WORD = 6
/** Bytes of the quote, without whatever follows it in the buffer. */
export const QUOTE_LEN_WORD = 7
export const COUNT_WORD = 8
/** One row for each PEM certificate, markers included. */
export const ROWS_WORD = 9
export const ROW_PEM_AT = 0
export const ROW_PEM_LEN = 1
export const ROW_WORDS = 2

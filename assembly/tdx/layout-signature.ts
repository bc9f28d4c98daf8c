// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. Signature data of a quote of key type 2, down to the PCK certification
// data that its QE report certification data nests (Intel DCAP sgx_quote_4.h).

export const SIGNATURE_AT = 0x000
export const SIGNATURE_LEN = 64
export const ATTESTATION_KEY_AT = 0x040
export const ATTESTATION_KEY_LEN = 64
export const CERTIFICATION_TYPE_AT = 0x080
export const CERTIFICATION_TYPE_LEN = 2
export const CERTIFICATION_SIZE_AT = 0x082
export const CERTIFICATION_SIZE_LEN = 4
export const QE_REPORT_AT = 0x086
export const QE_REPORT_LEN = 384
export const QE_REPORT_SIGNATURE_AT = 0x206
export const QE_REPORT_SIGNATURE_LEN = 64
export const QE_AUTH_SIZE_AT = 0x246
export const QE_AUTH_SIZE_LEN = 2
/** QE authentication data, of the size above; the PCK certification data follows it. */
export const QE_AUTH_AT = 0x248

/** From the start of the PCK certification data. */
export const PCK_TYPE_AT = 0x0
export const PCK_TYPE_LEN = 2
export const PCK_SIZE_AT = 0x2
export const PCK_SIZE_LEN = 4
export const PCK_DATA_AT = 0x6

/** PPID in the clear or encrypted (RSA-OAEP), each with CPUSVN, PCESVN and PCE-ID. */
export const PCK_PPID = 1
export const PCK_PPID_LEN = 36
export const PCK_PPID_RSA2048 = 2
export const PCK_PPID_RSA2048_LEN = 276
export const PCK_PPID_RSA3072 = 3
export const PCK_PPID_RSA3072_LEN = 404
export const PCK_LEAF = 4
export const PCK_CHAIN = 5
/** The only type that a version 4 or 5 quote has outside; it nests one of those above. */
export const QE_REPORT_CERTIFICATION = 6

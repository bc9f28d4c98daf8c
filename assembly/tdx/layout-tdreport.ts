// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. TDREPORT: REPORTMACSTRUCT, TEE_TCB_INFO and TDINFO (Intel TDX module ABI,
// TDREPORT_STRUCT; Intel DCAP sgx_quote_5.h).

export const TDREPORT_LEN = 0x400

export const TYPE_AT = 0x000
export const TYPE_LEN = 1
export const SUBTYPE_AT = 0x001
export const SUBTYPE_LEN = 1
export const VERSION_AT = 0x002
export const VERSION_LEN = 1
export const RESERVED_003_AT = 0x003
export const RESERVED_003_LEN = 13
export const CPU_SVN_AT = 0x010
export const CPU_SVN_LEN = 16
export const TEE_TCB_INFO_HASH_AT = 0x020
export const TEE_TCB_INFO_HASH_LEN = 48
export const TEE_INFO_HASH_AT = 0x050
export const TEE_INFO_HASH_LEN = 48
export const REPORT_DATA_AT = 0x080
export const REPORT_DATA_LEN = 64
export const RESERVED_0C0_AT = 0x0c0
export const RESERVED_0C0_LEN = 32
export const MAC_AT = 0x0e0
export const MAC_LEN = 32

export const VALID_AT = 0x100
export const VALID_LEN = 8
export const TEE_TCB_SVN_AT = 0x108
export const TEE_TCB_SVN_LEN = 16
export const MR_SEAM_AT = 0x118
export const MR_SEAM_LEN = 48
export const MR_SIGNER_SEAM_AT = 0x148
export const MR_SIGNER_SEAM_LEN = 48
export const SEAM_ATTRIBUTES_AT = 0x178
export const SEAM_ATTRIBUTES_LEN = 8
export const TEE_TCB_SVN2_AT = 0x180
export const TEE_TCB_SVN2_LEN = 16
export const RESERVED_190_AT = 0x190
export const RESERVED_190_LEN = 95
/** End of TEE_TCB_INFO as TEE_TCB_INFO_HASH covers it; what follows only aligns TDINFO. */
export const TEE_TCB_INFO_END = 0x1ef
export const RESERVED_1EF_AT = 0x1ef
export const RESERVED_1EF_LEN = 17

export const TD_ATTRIBUTES_AT = 0x200
export const TD_ATTRIBUTES_LEN = 8
export const XFAM_AT = 0x208
export const XFAM_LEN = 8
export const MR_TD_AT = 0x210
export const MR_TD_LEN = 48
export const MR_CONFIG_ID_AT = 0x240
export const MR_CONFIG_ID_LEN = 48
export const MR_OWNER_AT = 0x270
export const MR_OWNER_LEN = 48
export const MR_OWNER_CONFIG_AT = 0x2a0
export const MR_OWNER_CONFIG_LEN = 48
export const RTMR0_AT = 0x2d0
export const RTMR0_LEN = 48
export const RTMR1_AT = 0x300
export const RTMR1_LEN = 48
export const RTMR2_AT = 0x330
export const RTMR2_LEN = 48
export const RTMR3_AT = 0x360
export const RTMR3_LEN = 48
/** Reserved in version 0. */
export const SERVTD_HASH_AT = 0x390
export const SERVTD_HASH_LEN = 48
export const RESERVED_3C0_AT = 0x3c0
export const RESERVED_3C0_LEN = 64

export const TYPE_TDX = 0x81
export const SUBTYPE_TDX = 0
/** First version that uses SERVTD_HASH. */
export const VERSION_SERVTD = 1
/** Later versions extend TDINFO into what is reserved here. */
export const VERSION_MAX = 1
/** SHA-384. */
export const HASH_LEN = 48

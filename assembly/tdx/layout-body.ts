// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. TD report body of a quote, types 2, 3 and 4: each is the one before it
// with more fields at the end (Intel DCAP sgx_quote_5.h).

export const TEE_TCB_SVN_AT = 0x000
export const TEE_TCB_SVN_LEN = 16
export const MR_SEAM_AT = 0x010
export const MR_SEAM_LEN = 48
export const MR_SIGNER_SEAM_AT = 0x040
export const MR_SIGNER_SEAM_LEN = 48
export const SEAM_ATTRIBUTES_AT = 0x070
export const SEAM_ATTRIBUTES_LEN = 8
export const TD_ATTRIBUTES_AT = 0x078
export const TD_ATTRIBUTES_LEN = 8
export const XFAM_AT = 0x080
export const XFAM_LEN = 8
export const MR_TD_AT = 0x088
export const MR_TD_LEN = 48
export const MR_CONFIG_ID_AT = 0x0b8
export const MR_CONFIG_ID_LEN = 48
export const MR_OWNER_AT = 0x0e8
export const MR_OWNER_LEN = 48
export const MR_OWNER_CONFIG_AT = 0x118
export const MR_OWNER_CONFIG_LEN = 48
export const RTMR0_AT = 0x148
export const RTMR0_LEN = 48
export const RTMR1_AT = 0x178
export const RTMR1_LEN = 48
export const RTMR2_AT = 0x1a8
export const RTMR2_LEN = 48
export const RTMR3_AT = 0x1d8
export const RTMR3_LEN = 48
export const REPORT_DATA_AT = 0x208
export const REPORT_DATA_LEN = 64

/** Type 2, TDX 1.0. */
export const TD_REPORT10 = 2
export const TD_REPORT10_LEN = 0x248

export const TEE_TCB_SVN2_AT = 0x248
export const TEE_TCB_SVN2_LEN = 16
export const MR_SERVICE_TD_AT = 0x258
export const MR_SERVICE_TD_LEN = 48

/** Type 3, TDX 1.5. */
export const TD_REPORT15 = 3
export const TD_REPORT15_LEN = 0x288

export const VMID_AT = 0x288
export const VMID_LEN = 1
export const TD_ID_AT = 0x289
export const TD_ID_LEN = 32
export const DEV_INFO_AT = 0x2a9
export const DEV_INFO_LEN = 48
export const INIT_SERVTD_HASH_AT = 0x2d9
export const INIT_SERVTD_HASH_LEN = 48
export const INIT_SERVTD_ATTR_AT = 0x309
export const INIT_SERVTD_ATTR_LEN = 8
export const INIT_CPU_SVN_AT = 0x311
export const INIT_CPU_SVN_LEN = 16
export const INIT_TEE_TCB_SVN_AT = 0x321
export const INIT_TEE_TCB_SVN_LEN = 16
export const INIT_TEE_FMSPC_AT = 0x331
export const INIT_TEE_FMSPC_LEN = 12
export const CURR_SERVTD_HASH_AT = 0x33d
export const CURR_SERVTD_HASH_LEN = 48
export const CURR_SERVTD_ATTR_AT = 0x36d
export const CURR_SERVTD_ATTR_LEN = 8

/** Type 4, "TDX 1.5 ex". */
export const TD_REPORT15_EX = 4
export const TD_REPORT15_EX_LEN = 0x375

// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. The QE report: body of an SGX REPORT (Intel SDM volume 3D, REPORT; Intel
// linux-sgx sgx_report.h). CONFIGID, CONFIGSVN, ISVEXTPRODID and ISVFAMILYID belong to enclaves with
// key separation and sharing; the TD quoting enclaves of today leave them zero.

export const CPU_SVN_AT = 0x000
export const CPU_SVN_LEN = 16
export const MISC_SELECT_AT = 0x010
export const MISC_SELECT_LEN = 4
export const RESERVED_014_AT = 0x014
export const RESERVED_014_LEN = 12
export const ISV_EXT_PROD_ID_AT = 0x020
export const ISV_EXT_PROD_ID_LEN = 16
export const ATTRIBUTES_AT = 0x030
export const ATTRIBUTES_LEN = 16
export const MR_ENCLAVE_AT = 0x040
export const MR_ENCLAVE_LEN = 32
export const RESERVED_060_AT = 0x060
export const RESERVED_060_LEN = 32
export const MR_SIGNER_AT = 0x080
export const MR_SIGNER_LEN = 32
export const RESERVED_0A0_AT = 0x0a0
export const RESERVED_0A0_LEN = 32
export const CONFIG_ID_AT = 0x0c0
export const CONFIG_ID_LEN = 64
export const ISV_PROD_ID_AT = 0x100
export const ISV_PROD_ID_LEN = 2
export const ISV_SVN_AT = 0x102
export const ISV_SVN_LEN = 2
export const CONFIG_SVN_AT = 0x104
export const CONFIG_SVN_LEN = 2
export const RESERVED_106_AT = 0x106
export const RESERVED_106_LEN = 42
export const ISV_FAMILY_ID_AT = 0x130
export const ISV_FAMILY_ID_LEN = 16
export const REPORT_DATA_AT = 0x140
export const REPORT_DATA_LEN = 64

// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. Bit numbers inside POLICY, PLATFORM_INFO and the key flags, and the values
// that a report may hold elsewhere. AMD 56860 rev 1.58, tables GUEST_POLICY, ATTESTATION_REPORT.

export const POLICY_ABI_MINOR_BIT = 0
export const POLICY_ABI_MAJOR_BIT = 8
export const POLICY_SMT_BIT = 16
/** Reserved, and one in every policy. */
export const POLICY_ONE_BIT = 17
export const POLICY_MIGRATE_MA_BIT = 18
export const POLICY_DEBUG_BIT = 19
export const POLICY_SINGLE_SOCKET_BIT = 20
export const POLICY_CXL_ALLOW_BIT = 21
export const POLICY_MEM_AES_256_XTS_BIT = 22
export const POLICY_RAPL_DIS_BIT = 23
export const POLICY_CIPHERTEXT_HIDING_DRAM_BIT = 24
export const POLICY_PAGE_SWAP_DISABLE_BIT = 25
/** The first of the bits that are zero, up to the last. */
export const POLICY_MBZ_BIT = 26

export const PLATFORM_SMT_EN_BIT = 0
export const PLATFORM_TSME_EN_BIT = 1
export const PLATFORM_ECC_EN_BIT = 2
export const PLATFORM_RAPL_DIS_BIT = 3
export const PLATFORM_CIPHERTEXT_HIDING_DRAM_EN_BIT = 4
export const PLATFORM_ALIAS_CHECK_COMPLETE_BIT = 5
/** Set on real Turin machines; the name is reported by others, not yet in AMD's public table. */
export const PLATFORM_IOMMU_WRITE_SAFE_BIT = 6
export const PLATFORM_TIO_EN_BIT = 7
/** The first of the bits without a known meaning, which firmware may start to set at any time. */
export const PLATFORM_UNKNOWN_BIT = 8

export const KEY_AUTHOR_KEY_EN_BIT = 0
export const KEY_MASK_CHIP_KEY_BIT = 1
export const KEY_SIGNING_KEY_BIT = 2
export const KEY_SIGNING_KEY_MASK = 7
export const KEY_MBZ_BIT = 5

export const SIGNING_KEY_VCEK = 0
export const SIGNING_KEY_VLEK = 1

/** ECDSA P-384 with SHA-384, the only one there is. */
export const SIGNATURE_ALGO_ECDSA_P384_SHA384 = 1

export const VMPL_MAX = 3
/** VMPL of a report that the host asked for (SNP_HV_REPORT_REQ). */
export const VMPL_HOST = 0xffffffff

// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. ATTESTATION_REPORT as of its newest version: every byte has a name, and
// an older version has the newer fields reserved. AMD 56860 rev 1.58, table ATTESTATION_REPORT.

/** Bytes of a report, and of its head that the signature covers. */
export const REPORT_LEN = 0x4a0
export const SIGNED_LEN = 0x2a0

/** Versions understood, and the first ones with CPUID fields and with mitigation vectors. */
export const VERSION_MIN = 2
export const VERSION_MAX = 5
export const VERSION_CPUID = 3
export const VERSION_MIT_VECTOR = 5

export const VERSION_AT = 0x000
export const VERSION_LEN = 4
export const GUEST_SVN_AT = 0x004
export const GUEST_SVN_LEN = 4
export const POLICY_AT = 0x008
export const POLICY_LEN = 8
export const FAMILY_ID_AT = 0x010
export const FAMILY_ID_LEN = 16
export const IMAGE_ID_AT = 0x020
export const IMAGE_ID_LEN = 16
export const VMPL_AT = 0x030
export const VMPL_LEN = 4
export const SIGNATURE_ALGO_AT = 0x034
export const SIGNATURE_ALGO_LEN = 4
export const CURRENT_TCB_AT = 0x038
export const CURRENT_TCB_LEN = 8
export const PLATFORM_INFO_AT = 0x040
export const PLATFORM_INFO_LEN = 8
export const KEY_FLAGS_AT = 0x048
export const KEY_FLAGS_LEN = 4
export const RESERVED_04C_AT = 0x04c
export const RESERVED_04C_LEN = 4
export const REPORT_DATA_AT = 0x050
export const REPORT_DATA_LEN = 64
export const MEASUREMENT_AT = 0x090
export const MEASUREMENT_LEN = 48
export const HOST_DATA_AT = 0x0c0
export const HOST_DATA_LEN = 32
export const ID_KEY_DIGEST_AT = 0x0e0
export const ID_KEY_DIGEST_LEN = 48
export const AUTHOR_KEY_DIGEST_AT = 0x110
export const AUTHOR_KEY_DIGEST_LEN = 48
export const REPORT_ID_AT = 0x140
export const REPORT_ID_LEN = 32
export const REPORT_ID_MA_AT = 0x160
export const REPORT_ID_MA_LEN = 32
export const REPORTED_TCB_AT = 0x180
export const REPORTED_TCB_LEN = 8
export const CPUID_FAM_ID_AT = 0x188
export const CPUID_FAM_ID_LEN = 1
export const CPUID_MOD_ID_AT = 0x189
export const CPUID_MOD_ID_LEN = 1
export const CPUID_STEP_AT = 0x18a
export const CPUID_STEP_LEN = 1
export const RESERVED_18B_AT = 0x18b
export const RESERVED_18B_LEN = 21
export const CHIP_ID_AT = 0x1a0
export const CHIP_ID_LEN = 64
export const COMMITTED_TCB_AT = 0x1e0
export const COMMITTED_TCB_LEN = 8
export const CURRENT_BUILD_AT = 0x1e8
export const CURRENT_BUILD_LEN = 1
export const CURRENT_MINOR_AT = 0x1e9
export const CURRENT_MINOR_LEN = 1
export const CURRENT_MAJOR_AT = 0x1ea
export const CURRENT_MAJOR_LEN = 1
export const RESERVED_1EB_AT = 0x1eb
export const RESERVED_1EB_LEN = 1
export const COMMITTED_BUILD_AT = 0x1ec
export const COMMITTED_BUILD_LEN = 1
export const COMMITTED_MINOR_AT = 0x1ed
export const COMMITTED_MINOR_LEN = 1
export const COMMITTED_MAJOR_AT = 0x1ee
export const COMMITTED_MAJOR_LEN = 1
export const RESERVED_1EF_AT = 0x1ef
export const RESERVED_1EF_LEN = 1
export const LAUNCH_TCB_AT = 0x1f0
export const LAUNCH_TCB_LEN = 8
export const LAUNCH_MIT_VECTOR_AT = 0x1f8
export const LAUNCH_MIT_VECTOR_LEN = 8
export const CURRENT_MIT_VECTOR_AT = 0x200
export const CURRENT_MIT_VECTOR_LEN = 8
export const RESERVED_208_AT = 0x208
export const RESERVED_208_LEN = 0x98

// SIGNATURE: R and S are little-endian integers at the start of wider slots.
export const SIGNATURE_R_AT = 0x2a0
export const SIGNATURE_R_LEN = 48
export const PADDING_R_AT = 0x2d0
export const PADDING_R_LEN = 24
export const SIGNATURE_S_AT = 0x2e8
export const SIGNATURE_S_LEN = 48
export const PADDING_S_AT = 0x318
export const PADDING_S_LEN = 24
export const PADDING_SIGNATURE_AT = 0x330
export const PADDING_SIGNATURE_LEN = 0x170

// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. Bits of TDATTRIBUTES (Intel TDX module ABI, ATTRIBUTES; openvmm tdx.rs).

/** The host may read and change the TD. */
export const DEBUG_BIT = 0
export const HGS_PLUS_PROF_BIT = 4
export const PERF_PROF_BIT = 5
export const PMT_PROF_BIT = 6
export const LASS_BIT = 27
export const SEPT_VE_DISABLE_BIT = 28
export const MIGRATABLE_BIT = 29
export const PKS_BIT = 30
export const KL_BIT = 31
export const TPA_BIT = 62
export const PERFMON_BIT = 63

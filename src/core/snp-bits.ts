// SPDX-License-Identifier: Apache-2.0
// The named parts of POLICY and PLATFORM_INFO.

import * as bits from '../../assembly/snp/bits.js'

/** The least privileged level a guest has; a report that the host asked for names none of them. */
export const { VMPL_MAX } = bits

/** GUEST_POLICY (AMD 56860). The permissions `smt`, `migrateMa`, `debug` and `cxlAllow` weaken. */
export interface PolicyBits {
  /** Least firmware ABI that may run the guest. */
  readonly abiMinor: number
  readonly abiMajor: number
  readonly smt: boolean
  readonly migrateMa: boolean
  /** The host may decrypt the memory of the guest. */
  readonly debug: boolean
  readonly singleSocket: boolean
  readonly cxlAllow: boolean
  readonly memAes256Xts: boolean
  readonly raplDis: boolean
  readonly ciphertextHidingDram: boolean
  readonly pageSwapDisable: boolean
}

/** PLATFORM_INFO (AMD 56860). */
export interface PlatformInfoBits {
  readonly smtEn: boolean
  readonly tsmeEn: boolean
  readonly eccEn: boolean
  readonly raplDis: boolean
  readonly ciphertextHidingDramEn: boolean
  readonly aliasCheckComplete: boolean
  readonly iommuWriteSafe: boolean
  readonly tioEn: boolean
  /** The bits without a known meaning, where they stand. They inform; nothing is refused for them. */
  readonly unknown: bigint
}

/** Parts of POLICY, of which no bit above the low word can be set. */
export function policyBits(policy: number): PolicyBits {
  const is = (bit: number) => ((policy >>> bit) & 1) === 1
  return {
    abiMinor: (policy >>> bits.POLICY_ABI_MINOR_BIT) & 0xff,
    abiMajor: (policy >>> bits.POLICY_ABI_MAJOR_BIT) & 0xff,
    smt: is(bits.POLICY_SMT_BIT),
    migrateMa: is(bits.POLICY_MIGRATE_MA_BIT),
    debug: is(bits.POLICY_DEBUG_BIT),
    singleSocket: is(bits.POLICY_SINGLE_SOCKET_BIT),
    cxlAllow: is(bits.POLICY_CXL_ALLOW_BIT),
    memAes256Xts: is(bits.POLICY_MEM_AES_256_XTS_BIT),
    raplDis: is(bits.POLICY_RAPL_DIS_BIT),
    ciphertextHidingDram: is(bits.POLICY_CIPHERTEXT_HIDING_DRAM_BIT),
    pageSwapDisable: is(bits.POLICY_PAGE_SWAP_DISABLE_BIT),
  }
}

/** Parts of PLATFORM_INFO. */
export function platformInfoBits(info: bigint): PlatformInfoBits {
  const is = (bit: number) => ((info >> BigInt(bit)) & 1n) === 1n
  const unknown = BigInt(bits.PLATFORM_UNKNOWN_BIT)
  return {
    smtEn: is(bits.PLATFORM_SMT_EN_BIT),
    tsmeEn: is(bits.PLATFORM_TSME_EN_BIT),
    eccEn: is(bits.PLATFORM_ECC_EN_BIT),
    raplDis: is(bits.PLATFORM_RAPL_DIS_BIT),
    ciphertextHidingDramEn: is(bits.PLATFORM_CIPHERTEXT_HIDING_DRAM_EN_BIT),
    aliasCheckComplete: is(bits.PLATFORM_ALIAS_CHECK_COMPLETE_BIT),
    iommuWriteSafe: is(bits.PLATFORM_IOMMU_WRITE_SAFE_BIT),
    tioEn: is(bits.PLATFORM_TIO_EN_BIT),
    unknown: (info >> unknown) << unknown,
  }
}

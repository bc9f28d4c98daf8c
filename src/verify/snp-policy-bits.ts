// SPDX-License-Identifier: Apache-2.0
// Policy on the switches: of the guest (POLICY), of the machine (PLATFORM_INFO), of its mitigations.
// Some weaken when they are set, some strengthen.

import type { PlatformInfoBits, PolicyBits } from '../core/snp.js'
import type { SnpPolicy } from './policy.js'
import type { SnpPolicyCheck } from './snp-policy-names.js'
import { onReport, type Rule } from './snp-policy-rules.js'

type GuestBit = keyof SnpPolicy['guestPolicy'] & keyof PolicyBits
type PlatformBit = keyof SnpPolicy['platformInfo'] & keyof PlatformInfoBits

/** @param name as AMD spells it */
function guestBit(bit: GuestBit, check: SnpPolicyCheck, name: string): Rule {
  return onReport(
    {
      check,
      code: 'ERR_POLICY_GUEST_POLICY',
      field: ({ guestPolicy }): 'forbid' | 'require' | 'any' => guestPolicy[bit],
      good: `${name} of the guest policy is as asked`,
    },
    (asked, { policy }) => objection(asked, policy[bit], `${name} of the guest policy`),
  )
}

function platformBit(bit: PlatformBit, check: SnpPolicyCheck, name: string): Rule {
  return onReport(
    {
      check,
      code: 'ERR_POLICY_PLATFORM_INFO',
      field: ({ platformInfo }): 'forbid' | 'require' | 'any' => platformInfo[bit],
      good: `${name} of the platform is as asked`,
    },
    (asked, { platform }) => objection(asked, platform[bit], `${name} of the platform`),
  )
}

function objection(asked: 'forbid' | 'require', set: boolean, name: string): string | null {
  if (set === (asked === 'require')) return null
  return set ? `${name} is set` : `${name} is not set`
}

const minimumAbi = onReport(
  {
    check: 'snp.guest-policy.minimum-abi',
    code: 'ERR_POLICY_GUEST_POLICY',
    field: ({ guestPolicy }) => guestPolicy.minimumAbi,
    good: 'the guest demands a firmware ABI as new as asked',
  },
  (minimum, { policy: { abiMajor, abiMinor } }) => {
    const [major, minor] = minimum.split('.').map(Number) as [number, number]
    return abiMajor > major || (abiMajor === major && abiMinor >= minor)
      ? null
      : `the guest demands a firmware ABI of ${abiMajor}.${abiMinor} only`
  },
)

/** Bits may be added; those that were asked for must be among them. */
function mitigations(which: 'launch' | 'current', check: SnpPolicyCheck, name: string): Rule {
  return onReport(
    {
      check,
      code: 'ERR_POLICY_MITIGATIONS',
      field: ({ mitigations }) => mitigations[which],
      good: `${name} has every bit asked for`,
    },
    (asked, { report }) => {
      const vector = which === 'launch' ? report.launchMitVector : report.currentMitVector
      if (vector === null) {
        return { code: 'ERR_FIELD_ABSENT', detail: `version ${report.version} has no ${name}` }
      }
      const lacking = BigInt(asked) & ~vector
      return lacking === 0n ? null : `${name} lacks 0x${lacking.toString(16)}`
    },
  )
}

export const BIT_RULES: readonly Rule[] = [
  minimumAbi,
  guestBit('smt', 'snp.guest-policy.smt', 'SMT'),
  guestBit('migrateMa', 'snp.guest-policy.migrate-ma', 'MIGRATE_MA'),
  guestBit('cxlAllow', 'snp.guest-policy.cxl-allow', 'CXL_ALLOW'),
  guestBit('singleSocket', 'snp.guest-policy.single-socket', 'SINGLE_SOCKET'),
  guestBit('memAes256Xts', 'snp.guest-policy.mem-aes256-xts', 'MEM_AES_256_XTS'),
  guestBit('raplDis', 'snp.guest-policy.rapl-dis', 'RAPL_DIS'),
  guestBit(
    'ciphertextHidingDram',
    'snp.guest-policy.ciphertext-hiding-dram',
    'CIPHERTEXT_HIDING_DRAM',
  ),
  guestBit('pageSwapDisable', 'snp.guest-policy.page-swap-disable', 'PAGE_SWAP_DISABLE'),
  platformBit('smtEn', 'snp.platform-info.smt-en', 'SMT_EN'),
  platformBit('tsmeEn', 'snp.platform-info.tsme-en', 'TSME_EN'),
  platformBit('tioEn', 'snp.platform-info.tio-en', 'TIO_EN'),
  platformBit('eccEn', 'snp.platform-info.ecc-en', 'ECC_EN'),
  platformBit('raplDis', 'snp.platform-info.rapl-dis', 'RAPL_DIS'),
  platformBit(
    'ciphertextHidingDramEn',
    'snp.platform-info.ciphertext-hiding-dram-en',
    'CIPHERTEXT_HIDING_DRAM_EN',
  ),
  platformBit(
    'aliasCheckComplete',
    'snp.platform-info.alias-check-complete',
    'ALIAS_CHECK_COMPLETE',
  ),
  platformBit('iommuWriteSafe', 'snp.platform-info.iommu-write-safe', 'IOMMU_WRITE_SAFE'),
  mitigations('launch', 'snp.mitigations.launch', 'LAUNCH_MIT_VECTOR'),
  mitigations('current', 'snp.mitigations.current', 'CURRENT_MIT_VECTOR'),
]

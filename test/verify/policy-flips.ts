// SPDX-License-Identifier: Apache-2.0
// Evidence that meets a policy in every field, and for each field what makes it fail and with what code:
// other values in the policy, or other contents of the report.

import * as bits from '../../assembly/snp/bits.js'
import { type Product, parseSnpReport } from '../../src/core/snp.js'
import type { Code } from '../../src/errors.js'
import { type Policy, parsePolicy, type SnpPolicy, type TcbFloor } from '../../src/verify/policy.js'
import { initPolicy } from '../../src/verify/policy-init.js'
import { DESCRIPTIONS } from '../../src/verify/policy-text.js'
import type { SnpFacts } from '../../src/verify/snp-policy-checks.js'
import { MODELS, mintReport, type ReportFields } from '../fake/snp.js'
import { hex } from '../helpers.js'

const bit = (...numbers: number[]): bigint =>
  numbers.reduce((word, number) => word | (1n << BigInt(number)), 0n)

const GUEST_GOOD =
  bit(
    bits.POLICY_ONE_BIT,
    bits.POLICY_SINGLE_SOCKET_BIT,
    bits.POLICY_MEM_AES_256_XTS_BIT,
    bits.POLICY_RAPL_DIS_BIT,
    bits.POLICY_CIPHERTEXT_HIDING_DRAM_BIT,
    bits.POLICY_PAGE_SWAP_DISABLE_BIT,
  ) | 0x0133n
const PLATFORM_GOOD = bit(
  bits.PLATFORM_TSME_EN_BIT,
  bits.PLATFORM_ECC_EN_BIT,
  bits.PLATFORM_RAPL_DIS_BIT,
  bits.PLATFORM_CIPHERTEXT_HIDING_DRAM_EN_BIT,
  bits.PLATFORM_ALIAS_CHECK_COMPLETE_BIT,
  bits.PLATFORM_IOMMU_WRITE_SAFE_BIT,
)

/** A report with something to ask for in every field. */
export const STRICT_FIELDS: ReportFields = {
  guestSvn: 7,
  policy: GUEST_GOOD,
  platformInfo: PLATFORM_GOOD,
  familyId: new Uint8Array(16).fill(0xfa),
  imageId: new Uint8Array(16).fill(0x1a),
  hostData: new Uint8Array(32).fill(0x0d),
  idKeyDigest: new Uint8Array(48).fill(0x1d),
  authorKeyEn: true,
  authorKeyDigest: new Uint8Array(48).fill(0xaa),
  reportData: new Uint8Array(64).fill(0xda),
  vmpl: 1,
}

export interface Strict {
  readonly fields: ReportFields
  readonly facts: SnpFacts
  /** With no field of the SNP section left open. */
  readonly policy: Policy & { readonly snp: SnpPolicy }
}

/** Evidence of a product and kind of key, and the policy that asks for all of it. */
export function strict(product: Product, kind: 'vcek' | 'vlek'): Strict {
  const fields: ReportFields = { ...STRICT_FIELDS, product, signingKey: kind }
  const report = parseSnpReport(mintReport(fields))
  const chip = report.chipId.slice(0, MODELS[product].chipIdLength)
  const facts: SnpFacts = {
    product,
    kind,
    hwId: kind === 'vcek' ? chip : null,
    cspId: kind === 'vlek' ? 'CN=cc-test-1.example' : null,
    mode: 'raw',
  }
  const text = initPolicy({
    ...{ name: 'strict', report, product, kind, cspId: facts.cspId, mode: 'raw', verdict: null },
    binds: { tlsKey: true, hpkeKey: true, userData: true },
  } as Parameters<typeof initPolicy>[0])
  const policy = parsePolicy(text) as Strict['policy']
  const open = {
    chipId: [hex(chip)],
    reportId: [hex(report.reportId)],
    reportData: hex(report.reportData),
  }
  return { fields, facts, policy: { ...policy, snp: { ...policy.snp, ...open } } }
}

/** Paths of the fields of the SNP section, without those that other checks judge. */
export const LEAVES = [...DESCRIPTIONS.keys()]
  .filter((path, _, all) => !all.some((other) => other.startsWith(`${path}.`)))
  .filter((path) => path.startsWith('snp.'))
  .filter((path) => !['snp.maskedChipId', 'snp.revocation'].includes(path))

/** The check of a field: its path in kebab-case. */
export const checkOf = (path: string): string =>
  path.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

export interface Flip {
  readonly code: Code
  /** Values of the field that the evidence does not meet. */
  readonly values?: readonly unknown[]
  /** Evidence that does not meet the field. */
  readonly reports?: readonly ReportFields[]
}

const digits = (length: number, fill: number) => hex(new Uint8Array(length).fill(fill))
const lists = (length: number, code: Code): Flip => ({
  code,
  // The last byte decides as much as the first.
  values: [[digits(length, 0)], [digits(length, 1), digits(length, 2)]],
})
const guest = (...numbers: number[]): Flip => ({
  code: 'ERR_POLICY_GUEST_POLICY',
  reports: [{ policy: GUEST_GOOD ^ bit(...numbers) }],
})
const platform = (...numbers: number[]): Flip => ({
  code: 'ERR_POLICY_PLATFORM_INFO',
  reports: [{ platformInfo: PLATFORM_GOOD ^ bit(...numbers) }],
})
const firmware: Flip = {
  code: 'ERR_POLICY_FIRMWARE',
  values: ['1.58.2', '1.59.0', '2.0.0'],
}
const OTHER: Record<Product, Product> = { Milan: 'Turin', Genoa: 'Milan', Turin: 'Genoa' }

/** For every field, what must fail and nothing else. */
export function flips({ facts, policy }: Strict): Record<string, Flip> {
  const product = facts.product as Product
  const other = OTHER[product]
  const raise = (version: unknown) => [{ product, version }]
  const floors = (which: keyof SnpPolicy['minimumTcb']): Flip => ({
    code: 'ERR_POLICY_TCB',
    values: raised(policy.snp.minimumTcb[which] as readonly TcbFloor[], other),
  })
  const firmwares = {
    ...firmware,
    values: [...(firmware.values ?? []).map(raise), [{ product: other, version: '0.0.1' }]],
  }
  return {
    'snp.products': { code: 'ERR_POLICY_PRODUCT', values: [[other]] },
    'snp.endorsementKey': {
      code: 'ERR_POLICY_ENDORSEMENT_KEY',
      values: [[facts.kind === 'vcek' ? 'vlek' : 'vcek']],
    },
    'snp.cspId': { code: 'ERR_POLICY_CSP_ID', values: [['CN=elsewhere.example'], ['CN=cc']] },
    'snp.chipId': {
      code: 'ERR_POLICY_CHIP_ID',
      // Eight bytes are all of a Turin chip, and only the start of another.
      values: [[digits(64, 0xc2)], [digits(8, 0xc0)], [digits(product === 'Turin' ? 64 : 8, 0xc1)]],
    },
    'snp.measurement': lists(48, 'ERR_POLICY_MEASUREMENT'),
    'snp.hostData': lists(32, 'ERR_POLICY_HOST_DATA'),
    'snp.familyId': lists(16, 'ERR_POLICY_FAMILY_ID'),
    'snp.imageId': lists(16, 'ERR_POLICY_IMAGE_ID'),
    'snp.idKeyDigest': lists(48, 'ERR_POLICY_ID_KEY'),
    'snp.authorKeyDigest': {
      ...lists(48, 'ERR_POLICY_AUTHOR_KEY'),
      reports: [{ authorKeyEn: false }],
    },
    'snp.minimumGuestSvn': { code: 'ERR_POLICY_GUEST_SVN', values: [8, 0xffffffff] },
    'snp.reportId': lists(32, 'ERR_POLICY_REPORT_ID'),
    'snp.reportIdMa': lists(32, 'ERR_POLICY_REPORT_ID'),
    'snp.reportData': {
      code: 'ERR_POLICY_REPORT_DATA',
      values: [digits(64, 0), `${digits(63, 0xda)}db`, `db${digits(63, 0xda)}`],
    },
    'snp.vmpl': { code: 'ERR_POLICY_VMPL', values: [[0], [2, 3]], reports: [{ vmpl: 0 }] },
    'snp.debug': {
      code: 'ERR_POLICY_DEBUG',
      reports: [{ policy: GUEST_GOOD | bit(bits.POLICY_DEBUG_BIT) }],
    },
    'snp.guestPolicy.minimumAbi': {
      code: 'ERR_POLICY_GUEST_POLICY',
      values: ['1.52', '2.0', '255.255'],
    },
    'snp.guestPolicy.smt': guest(bits.POLICY_SMT_BIT),
    'snp.guestPolicy.migrateMa': guest(bits.POLICY_MIGRATE_MA_BIT),
    'snp.guestPolicy.cxlAllow': guest(bits.POLICY_CXL_ALLOW_BIT),
    'snp.guestPolicy.singleSocket': guest(bits.POLICY_SINGLE_SOCKET_BIT),
    'snp.guestPolicy.memAes256Xts': guest(bits.POLICY_MEM_AES_256_XTS_BIT),
    'snp.guestPolicy.raplDis': guest(bits.POLICY_RAPL_DIS_BIT),
    'snp.guestPolicy.ciphertextHidingDram': guest(bits.POLICY_CIPHERTEXT_HIDING_DRAM_BIT),
    'snp.guestPolicy.pageSwapDisable': guest(bits.POLICY_PAGE_SWAP_DISABLE_BIT),
    'snp.platformInfo.smtEn': platform(bits.PLATFORM_SMT_EN_BIT),
    'snp.platformInfo.tsmeEn': { ...platform(bits.PLATFORM_TSME_EN_BIT), values: ['forbid'] },
    'snp.platformInfo.tioEn': platform(bits.PLATFORM_TIO_EN_BIT),
    'snp.platformInfo.eccEn': platform(bits.PLATFORM_ECC_EN_BIT),
    'snp.platformInfo.raplDis': platform(bits.PLATFORM_RAPL_DIS_BIT),
    'snp.platformInfo.ciphertextHidingDramEn': platform(
      bits.PLATFORM_CIPHERTEXT_HIDING_DRAM_EN_BIT,
    ),
    'snp.platformInfo.aliasCheckComplete': platform(bits.PLATFORM_ALIAS_CHECK_COMPLETE_BIT),
    'snp.platformInfo.iommuWriteSafe': platform(bits.PLATFORM_IOMMU_WRITE_SAFE_BIT),
    'snp.mitigations.launch': mitigations((launchMitVector) => ({ launchMitVector })),
    'snp.mitigations.current': mitigations((currentMitVector) => ({ currentMitVector })),
    'snp.minimumTcb.reported': floors('reported'),
    'snp.minimumTcb.committed': floors('committed'),
    'snp.minimumTcb.launch': floors('launch'),
    'snp.minimumTcb.current': floors('current'),
    'snp.minimumFirmware.current': firmwares,
    'snp.minimumFirmware.committed': firmwares,
    'snp.provisionalFirmware': {
      code: 'ERR_POLICY_FIRMWARE',
      reports: [
        { current: { major: 1, minor: 58, build: 2 } },
        {
          currentTcb: Uint8Array.from(MODELS[product].tcb, (level, at) => level + Number(at === 7)),
        },
      ],
    },
  }
}

/** One bit more asked for than there is, or one fewer there than asked for. */
const mitigations = (fields: (vector: bigint) => ReportFields): Flip => ({
  code: 'ERR_POLICY_MITIGATIONS',
  values: ['0x1b', '0x800000000000000b'],
  reports: [fields(0x0an), fields(0n)],
})

/** Each component one higher, an additional row that does not hold, and no row for the processor. */
function raised([row]: readonly TcbFloor[], other: Product): unknown[] {
  const { cpuid, ...levels } = row as TcbFloor
  const anyRow = { ...levels, cpuid: 'any' }
  const names = (['fmc', 'bootLoader', 'tee', 'snp', 'microcode'] as const).filter(
    (name) => levels[name] !== 'any',
  )
  const higher = names.map((name) => ({ ...row, [name]: (levels[name] as number) + 1 }))
  const open = { fmc: 'any', bootLoader: 'any', tee: 'any', snp: 'any', microcode: 'any' }
  const { family, model, stepping } = cpuid as Exclude<TcbFloor['cpuid'], 'any'>
  return [
    ...higher.map((one) => [one]),
    ...higher.map((one) => [anyRow, one]),
    ...higher.map((one) => [row, { ...one, cpuid: 'any' }]),
    [{ ...row, cpuid: { family, model, stepping: stepping + 1 } }],
    [{ ...open, product: other, cpuid: 'any' }],
  ]
}

// SPDX-License-Identifier: Apache-2.0
// What a report and its key show → what a policy can ask for: origin, guest, switches.

import { isZero } from '../core/bytes.js'
import type { SnpReport } from '../core/snp.js'
import { toHex } from '../encoding.js'
import type { SnpPolicy } from './policy.js'
import type { Pin, PolicySeed } from './policy-init.js'

type Origin = 'products' | 'endorsementKey' | 'cspId' | 'chipId' | 'maskedChipId'
type Switches = 'debug' | 'guestPolicy' | 'platformInfo' | 'mitigations'
type Guest =
  | ByteField
  | 'authorKeyDigest'
  | 'minimumGuestSvn'
  | 'reportId'
  | 'reportIdMa'
  | 'reportData'
  | 'vmpl'
type ByteField = 'measurement' | 'hostData' | 'familyId' | 'imageId' | 'idKeyDigest'

const UNKNOWN = 'Not known: no certificate of the key was given, or no chain to a root.'

export function pinOrigin(seed: PolicySeed, pin: Pin): Pick<SnpPolicy, Origin> {
  const { report, product, kind, cspId } = seed
  const masked = isZero(report.chipId)
  const only = kind === 'vcek' ? 'A VCEK names none.' : UNKNOWN
  return {
    products: pin(
      'snp.products',
      product ? [product] : 'any',
      product ? `Seen: ${product}.` : UNKNOWN,
    ),
    endorsementKey: pin(
      'snp.endorsementKey',
      kind ? [kind] : 'any',
      kind ? `Seen: ${kind}.` : UNKNOWN,
    ),
    cspId: pin(
      'snp.cspId',
      cspId === null ? 'any' : [cspId],
      cspId === null ? only : 'Seen. Check that it is the provider and region you rent from.',
    ),
    chipId: pin(
      'snp.chipId',
      'any',
      'Not pinned: the guest could start on no other machine. List the chips of your provider here to rule out all others, such as those that somebody opened.',
    ),
    maskedChipId: pin(
      'snp.maskedChipId',
      masked && kind !== 'vlek' ? 'allow' : 'forbid',
      masked ? 'Seen: masked.' : 'Seen: not masked.',
    ),
  }
}

const SOURCES: Record<ByteField, string> = {
  measurement:
    'Seen. Compute it from the firmware, kernel and command line that you chose, and compare: what was seen is the digest of whatever ran there.',
  hostData: 'Seen. Compare it with the digest of what you gave the host for the launch.',
  familyId: 'Seen. Compare it with your ID block.',
  imageId: 'Seen. Compare it with your ID block.',
  idKeyDigest: 'Seen. Compare it with the digest of your ID key.',
}

export function pinGuest({ report, mode }: PolicySeed, pin: Pin): Pick<SnpPolicy, Guest> {
  const bytes = (field: ByteField) => {
    const value = report[field]
    const note = isZero(value) ? 'Seen: all zero, nobody set it.' : SOURCES[field]
    return pin(`snp.${field}`, [toHex(value)], note)
  }
  const { authorKeyEn, guestSvn } = report
  return {
    measurement: bytes('measurement'),
    hostData: bytes('hostData'),
    familyId: bytes('familyId'),
    imageId: bytes('imageId'),
    idKeyDigest: bytes('idKeyDigest'),
    authorKeyDigest: pin(
      'snp.authorKeyDigest',
      authorKeyEn ? [toHex(report.authorKeyDigest)] : 'any',
      authorKeyEn ? 'Seen. Compare it with the digest of your author key.' : 'Seen: none.',
    ),
    minimumGuestSvn: pin(
      'snp.minimumGuestSvn',
      guestSvn === 0 ? 'any' : guestSvn,
      `Seen: ${guestSvn}.`,
    ),
    reportId: pin('snp.reportId', 'any', 'Not pinned: the next launch has another one.'),
    reportIdMa: pinAgent(report, pin),
    reportData: pin('snp.reportData', 'any', 'Not pinned: the next nonce makes another one.'),
    vmpl: pin(
      'snp.vmpl',
      mode === 'raw' ? [report.vmpl] : 'any',
      mode === 'raw' ? `Seen: ${report.vmpl}.` : 'Not pinned: the mode seen is not raw.',
    ),
  }
}

function pinAgent({ reportIdMa }: SnpReport, pin: Pin): SnpPolicy['reportIdMa'] {
  const none = reportIdMa.every((byte) => byte === 0xff)
  const note = none ? 'Seen: no migration agent.' : 'Not pinned: the next agent has another one.'
  return pin('snp.reportIdMa', none ? [toHex(reportIdMa)] : 'any', note)
}

export function pinSwitches(report: SnpReport, pin: Pin): Pick<SnpPolicy, Switches> {
  const { abiMajor, abiMinor, ...guest } = report.policyBits
  const platform = report.platformInfoBits
  const abi = `${abiMajor}.${abiMinor}`
  // A bit that weakens stays forbidden where it was not needed; one that strengthens stays required.
  const weak = (path: string, set: boolean) => pin(path, set ? 'any' : 'forbid', seen(set))
  const good = (path: string, set: boolean) => pin(path, set ? 'require' : 'any', seen(set))
  // These two give the memory away. Evidence alone never talks a policy into that.
  const debug = guest.debug ? 'Seen: SET. The host can read this guest: refused.' : seen(false)
  const agent = guest.migrateMa ? 'Seen: SET. The memory may leave: refused.' : seen(false)
  return {
    debug: pin('snp.debug', 'forbid', debug),
    guestPolicy: {
      minimumAbi: pin('snp.guestPolicy.minimumAbi', abi === '0.0' ? 'any' : abi, `Seen: ${abi}.`),
      smt: weak('snp.guestPolicy.smt', guest.smt),
      migrateMa: pin('snp.guestPolicy.migrateMa', 'forbid', agent),
      cxlAllow: weak('snp.guestPolicy.cxlAllow', guest.cxlAllow),
      singleSocket: good('snp.guestPolicy.singleSocket', guest.singleSocket),
      memAes256Xts: good('snp.guestPolicy.memAes256Xts', guest.memAes256Xts),
      raplDis: good('snp.guestPolicy.raplDis', guest.raplDis),
      ciphertextHidingDram: good(
        'snp.guestPolicy.ciphertextHidingDram',
        guest.ciphertextHidingDram,
      ),
      pageSwapDisable: good('snp.guestPolicy.pageSwapDisable', guest.pageSwapDisable),
    },
    platformInfo: {
      smtEn: weak('snp.platformInfo.smtEn', platform.smtEn),
      tsmeEn: good('snp.platformInfo.tsmeEn', platform.tsmeEn),
      tioEn: weak('snp.platformInfo.tioEn', platform.tioEn),
      eccEn: good('snp.platformInfo.eccEn', platform.eccEn),
      raplDis: good('snp.platformInfo.raplDis', platform.raplDis),
      ciphertextHidingDramEn: good(
        'snp.platformInfo.ciphertextHidingDramEn',
        platform.ciphertextHidingDramEn,
      ),
      aliasCheckComplete: good('snp.platformInfo.aliasCheckComplete', platform.aliasCheckComplete),
      iommuWriteSafe: good('snp.platformInfo.iommuWriteSafe', platform.iommuWriteSafe),
    },
    mitigations: {
      launch: mask('snp.mitigations.launch', report.launchMitVector, pin),
      current: mask('snp.mitigations.current', report.currentMitVector, pin),
    },
  }
}

const seen = (set: boolean): string => `Seen: ${set ? 'set' : 'not set'}.`

function mask(path: string, vector: bigint | null, pin: Pin): string {
  if (vector === null) return pin(path, 'any', 'Not seen: the report is of an older version.')
  const spelled = `0x${vector.toString(16)}`
  return pin(path, vector === 0n ? 'any' : spelled, `Seen: ${spelled}.`)
}

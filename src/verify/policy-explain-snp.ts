// SPDX-License-Identifier: Apache-2.0
// The sentences on each field of a policy for SEV-SNP.

import type { FirmwareFloor, SnpPolicy, TcbFloor } from './policy.js'
import { type Sentence, sentence } from './policy-sentence.js'

type SnpSentence = Sentence<SnpPolicy>

type ListField = {
  [Name in keyof SnpPolicy]: Exclude<SnpPolicy[Name], 'any'> extends readonly (string | number)[]
    ? Name
    : never
}[keyof SnpPolicy]

function listed(name: ListField, what: string, title: string): SnpSentence {
  return sentence(
    `snp.${name}`,
    what,
    (snp): readonly unknown[] | 'any' => snp[name],
    (values) => `${title} must be ${values.join(' or ')}.`,
  )
}

function guestBit(bit: keyof SnpPolicy['guestPolicy'], what: string, holds: string): SnpSentence {
  return sentence(
    `snp.guestPolicy.${bit}`,
    what,
    ({ guestPolicy }) => guestPolicy[bit],
    () => `The guest policy must ${holds}.`,
  )
}

function platformBit(bit: keyof SnpPolicy['platformInfo'], what: string): SnpSentence {
  return sentence(
    `snp.platformInfo.${bit}`,
    what,
    ({ platformInfo }): 'require' | 'forbid' | 'any' => platformInfo[bit],
    (asked) => `The platform must ${asked === 'forbid' ? 'not ' : ''}report ${what}.`,
  )
}

function tcb(which: keyof SnpPolicy['minimumTcb']): SnpSentence {
  return sentence(
    `snp.minimumTcb.${which}`,
    `how old the ${which} TCB is`,
    ({ minimumTcb }) => minimumTcb[which],
    (rows) =>
      `The ${which} TCB must reach ${rows.map(tcbRow).join('; ')}. Other processors are refused.`,
  )
}

function tcbRow({ product, cpuid, ...levels }: TcbFloor): string {
  const part = cpuid === 'any' ? [] : [cpuid.family, cpuid.model, cpuid.stepping]
  const processor = [product, part.map(hex).join('/')].filter((text) => text).join(' ')
  const asked = Object.entries(levels).flatMap(([name, level]) =>
    level === 'any' ? [] : `${name} ${hex(level)}`,
  )
  return `${asked.join(', ') || 'any level'} on ${processor}`
}

const hex = (value: number): string => `0x${value.toString(16)}`

function firmware(which: keyof SnpPolicy['minimumFirmware']): SnpSentence {
  const spell = ({ product, version }: FirmwareFloor) => `${version} on ${product}`
  return sentence(
    `snp.minimumFirmware.${which}`,
    `how old the ${which} firmware is`,
    ({ minimumFirmware }) => minimumFirmware[which],
    (rows) =>
      `The ${which} SNP firmware must be at least ${rows.map(spell).join(', ')}. Other products are refused.`,
  )
}

function mitigation(which: keyof SnpPolicy['mitigations']): SnpSentence {
  return sentence(
    `snp.mitigations.${which}`,
    `which mitigations firmware names (${which})`,
    ({ mitigations }) => mitigations[which],
    (mask) => `The ${which} mitigation vector must have the bits ${mask}.`,
  )
}

export const SNP_SENTENCES: readonly SnpSentence[] = [
  listed('products', 'which generation of processor it is', 'The processor'),
  listed('endorsementKey', 'whether a chip or a provider signs', 'The key that signs'),
  listed('cspId', 'which cloud provider it is', 'The key must be a VLEK, and its provider'),
  listed('chipId', 'which machine it is', 'The chip'),
  sentence(
    'snp.maskedChipId',
    '',
    ({ maskedChipId }) => maskedChipId,
    (value) =>
      value === 'allow'
        ? 'Under a VCEK, the host may hide which chip made the report.'
        : 'Under a VCEK, the host must not hide which chip made the report.',
  ),
  listed('measurement', 'what was launched', 'The launch measurement'),
  listed('hostData', 'what the host handed to the guest, such as initdata', 'HOST_DATA'),
  listed('familyId', 'FAMILY_ID', 'FAMILY_ID'),
  listed('imageId', 'IMAGE_ID', 'IMAGE_ID'),
  listed('idKeyDigest', 'who signed the guest', 'ID_KEY_DIGEST'),
  listed('authorKeyDigest', 'who endorsed the signer of the guest', 'AUTHOR_KEY_DIGEST'),
  sentence(
    'snp.minimumGuestSvn',
    'how old the guest is',
    ({ minimumGuestSvn }) => minimumGuestSvn,
    (minimum) => `GUEST_SVN must be at least ${minimum}.`,
  ),
  listed('reportId', 'which launch of the guest it is', 'REPORT_ID'),
  listed('reportIdMa', 'which migration agent it has', 'REPORT_ID_MA'),
  sentence(
    'snp.reportData',
    'a fixed REPORT_DATA',
    ({ reportData }) => reportData,
    (value) => `REPORT_DATA must be ${value}.`,
  ),
  listed('vmpl', 'the VMPL of raw evidence', 'In raw mode, VMPL'),
  sentence(
    'snp.debug',
    '',
    ({ debug }) => debug,
    (value) =>
      value === 'allow'
        ? 'The host may debug the guest.'
        : 'The host must not be able to debug the guest.',
  ),
  sentence(
    'snp.guestPolicy.minimumAbi',
    'which firmware ABI the guest demands',
    ({ guestPolicy }) => guestPolicy.minimumAbi,
    (version) => `The guest policy must demand firmware ABI ${version} or newer.`,
  ),
  guestBit('smt', 'whether the guest may share a core with a second thread', 'forbid SMT'),
  guestBit('migrateMa', 'whether the guest may migrate', 'forbid a migration agent'),
  guestBit('cxlAllow', 'whether CXL memory may be used', 'forbid CXL'),
  guestBit('singleSocket', 'whether the guest spans sockets', 'demand a single socket'),
  guestBit('memAes256Xts', 'whether the guest demands AES-256-XTS', 'demand AES-256-XTS'),
  guestBit('raplDis', 'whether the guest demands that RAPL is off', 'demand that RAPL is off'),
  guestBit(
    'ciphertextHidingDram',
    'whether the guest demands hidden ciphertext',
    'demand hidden ciphertext',
  ),
  guestBit(
    'pageSwapDisable',
    'whether the host may swap pages of the guest',
    'forbid the host to swap pages',
  ),
  platformBit('smtEn', 'second threads (SMT) on'),
  platformBit('tsmeEn', 'encryption of all memory (TSME) on'),
  platformBit('tioEn', 'trusted I/O on'),
  platformBit('eccEn', 'memory with error correction'),
  platformBit('raplDis', 'power readings (RAPL) off'),
  platformBit('ciphertextHidingDramEn', 'ciphertext hidden from the host'),
  platformBit('aliasCheckComplete', 'the check for memory aliases (BadRAM) done'),
  platformBit('iommuWriteSafe', 'safe IOMMU writes'),
  mitigation('launch'),
  mitigation('current'),
  tcb('reported'),
  tcb('committed'),
  tcb('launch'),
  tcb('current'),
  firmware('current'),
  firmware('committed'),
  sentence(
    'snp.provisionalFirmware',
    'whether firmware that runs can be rolled back',
    ({ provisionalFirmware }) => provisionalFirmware,
    () => 'Firmware and TCB that run must be committed.',
  ),
  sentence(
    'snp.revocation',
    'whether a CRL is at hand (one that is presented is judged all the same)',
    ({ revocation }) => revocation,
    ({ maximumAgeDays }) => `A CRL must be at hand that is at most ${maximumAgeDays} days old.`,
  ),
]

// SPDX-License-Identifier: Apache-2.0
// The section of a policy on SEV-SNP (AMD 56860, 57230, 58369): one field per thing of a report, or of
// the certificate of its key, that a tenant may want to pin.

import * as v from 'valibot'
import { VMPL_MAX } from '../core/snp-bits.js'
import { hex, integer, listOf, object, orAny, text, word } from '../document/fields.js'
import { firmwareFloors, tcbFloors } from '../document/floors.js'
import { PRODUCTS } from './names.js'

const U8 = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const U32_MAX = 0xffffffff
const MAX_AGE_DAYS = 3660

const bytes = (length: number, description: string) =>
  orAny(listOf(hex(length)), `list of ${2 * length} hex digits each`, description)
const forbid = (description: string) => word(['forbid', 'any'], description)
const require = (description: string) => word(['require', 'any'], description)
const mask = (description: string) =>
  orAny(text(/^0x[0-9a-f]{1,16}$/, 'mask such as "0x0b"'), 'mask such as "0x0b"', description)

const guestPolicy = object({
  minimumAbi: orAny(
    text(new RegExp(`^${U8}[.]${U8}$`), 'version such as "1.51"'),
    'version such as "1.51"',
    'Least firmware ABI, major and minor, that the guest demands of its host (ABI_MAJOR, ABI_MINOR).',
  ),
  smt: forbid('SMT: whether the guest may run on a core with a second thread.'),
  migrateMa: forbid(
    'MIGRATE_MA: whether the guest may have a migration agent, which gets its memory.',
  ),
  cxlAllow: forbid('CXL_ALLOW: whether CXL memory and devices may be populated.'),
  singleSocket: require('SINGLE_SOCKET: the guest runs on one socket only.'),
  memAes256Xts: require('MEM_AES_256_XTS: memory is encrypted with AES-256-XTS, not AES-128.'),
  raplDis: require('RAPL_DIS: the guest runs only where power readings (RAPL) are off.'),
  ciphertextHidingDram: require('CIPHERTEXT_HIDING_DRAM: the guest runs only where the host cannot read ciphertext (Turin).'),
  pageSwapDisable: require('PAGE_SWAP_DISABLE: the host may not swap or move pages of the guest.'),
})

const platformInfo = object({
  smtEn: forbid('SMT_EN: second threads are on.'),
  tsmeEn: word(
    ['require', 'forbid', 'any'],
    'TSME_EN: all memory is encrypted, that of the host included; neither good nor bad for a guest.',
  ),
  tioEn: forbid('TIO_EN: trusted I/O is on.'),
  eccEn: require('ECC_EN: memory corrects errors. Firmware says so from report version 3 on.'),
  raplDis: require('RAPL_DIS: power readings are off.'),
  ciphertextHidingDramEn: require('CIPHERTEXT_HIDING_DRAM_EN: the host cannot read ciphertext (Turin).'),
  aliasCheckComplete: require('ALIAS_CHECK_COMPLETE: no two addresses reach one DRAM cell (BadRAM). From report version 3 on.'),
  iommuWriteSafe: require('Bit 6, IOMMU_WRITE_SAFE: a name that others report; it is not in the public tables of AMD yet.'),
})

const mitigations = object({
  launch: mask('LAUNCH_MIT_VECTOR: bits that must be set in it. Report version 5 has it.'),
  current: mask('CURRENT_MIT_VECTOR: bits that must be set in it. Report version 5 has it.'),
})

const minimumTcb = object({
  reported: tcbFloors('REPORTED_TCB, the one that the key which signs is derived from.'),
  committed: tcbFloors('COMMITTED_TCB, below which the platform cannot be rolled back.'),
  launch: tcbFloors('LAUNCH_TCB, of when the guest was launched or imported.'),
  current: tcbFloors('CURRENT_TCB, of now.'),
})

const minimumFirmware = object({
  current: firmwareFloors('Firmware that runs now.', U8),
  committed: firmwareFloors('Firmware below which the platform cannot be rolled back.', U8),
})

export const SnpPolicySchema = object({
  products: orAny(
    listOf(v.picklist(PRODUCTS, 'product Milan, Genoa or Turin expected')),
    'list of products',
    'Processor generations, as the certificate chain proves them. Bergamo and Siena are Genoa.',
  ),
  endorsementKey: orAny(
    listOf(v.picklist(['vcek', 'vlek'], '"vcek" or "vlek" expected')),
    'list of "vcek" and "vlek"',
    'Kinds of key that may sign: a VCEK is of one chip, a VLEK of the fleet of a cloud provider.',
  ),
  cspId: orAny(
    listOf(text(/^[ -~]{1,256}$/, 'up to 256 printable ASCII characters')),
    'list of texts',
    'Cloud providers, as a VLEK names them in cspID ("CN=…"). A VCEK names none, and is refused.',
  ),
  chipId: orAny(
    listOf(hex(64, 8)),
    'list of 128 hex digits each, on Turin 16',
    'Chips: hwID of the VCEK, which holds even where the host masks CHIP_ID; under a VLEK the CHIP_ID of the report.',
  ),
  maskedChipId: word(
    ['forbid', 'allow'],
    'Whether a VCEK will do where the host masks CHIP_ID, so that only the signature ties it to the report.',
  ),
  measurement: bytes(
    48,
    'MEASUREMENT: the launch digest of firmware, kernel and command line. This is the workload.',
  ),
  hostData: bytes(
    32,
    'HOST_DATA: what the host gave at launch; with Kata the digest of initdata, which names the containers.',
  ),
  familyId: bytes(16, 'FAMILY_ID of the ID block.'),
  imageId: bytes(16, 'IMAGE_ID of the ID block.'),
  idKeyDigest: bytes(48, 'ID_KEY_DIGEST: who signed the ID block; all zero without one.'),
  authorKeyDigest: bytes(
    48,
    'AUTHOR_KEY_DIGEST: who signed the ID key; counts only where AUTHOR_KEY_EN is set.',
  ),
  minimumGuestSvn: orAny(
    integer(0, U32_MAX),
    `integer from 0 to ${U32_MAX}`,
    'Least GUEST_SVN, which the ID block sets.',
  ),
  reportId: bytes(32, 'REPORT_ID: one running guest; another one after each launch.'),
  reportIdMa: bytes(32, 'REPORT_ID_MA: the migration agent of the guest; all ff without one.'),
  reportData: orAny(
    hex(64),
    '128 lower-case hex digits',
    'REPORT_DATA, whole. Usually "any" here, because it answers a nonce; binding.nonce has that judged.',
  ),
  vmpl: orAny(
    listOf(integer(0, VMPL_MAX)),
    'list of levels',
    'VMPL of the code that asked for the report in raw mode; the other modes have binding.boundVmpl.',
  ),
  debug: word(['forbid', 'allow'], 'DEBUG: whether the host may decrypt the memory of the guest.'),
  guestPolicy: v.pipe(
    guestPolicy,
    v.description('POLICY: what the owner of the guest made its launch depend on.'),
  ),
  platformInfo: v.pipe(platformInfo, v.description('PLATFORM_INFO: how the machine is set up.')),
  mitigations: v.pipe(
    mitigations,
    v.description('Mitigations in firmware that AMD numbers in its bulletins.'),
  ),
  minimumTcb: v.pipe(
    minimumTcb,
    v.description(
      'Security patch levels. Every row for the processor must hold, and there must be one.',
    ),
  ),
  minimumFirmware: v.pipe(minimumFirmware, v.description('Versions of the SNP firmware.')),
  provisionalFirmware: forbid(
    'Firmware or TCB that runs but is not committed yet, so that it can still be rolled back.',
  ),
  revocation: orAny(
    object({
      maximumAgeDays: v.pipe(
        integer(1, MAX_AGE_DAYS),
        v.description('Days since thisUpdate. AMD issues its CRLs about once a year.'),
      ),
    }),
    'object with maximumAgeDays',
    'Age of the CRL of the root. With "any" a CRL is judged only if one is presented.',
  ),
})

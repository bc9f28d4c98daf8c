// SPDX-License-Identifier: Apache-2.0
// The typed view: what was written is what is read, and nobody else can change it.

import t from 'tap'
import { parseSnpReport } from '../../src/index.js'
import { MODELS, mintReport, type ReportFields } from '../fake/snp.js'
import { plain, readSnpReport } from '../oracle/snp.js'

const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (seed + i) & 0xff)

const FIELDS = {
  version: 5,
  guestSvn: 0xfedcba98,
  policy: 0x2a6a3ffn,
  familyId: bytes(16, 0x10),
  imageId: bytes(16, 0x20),
  vmpl: 3,
  currentTcb: bytes(8, 0x30),
  platformInfo: 0xfedcba9876543255n,
  authorKeyEn: true,
  maskChipKey: true,
  signingKey: 'vlek',
  reportData: bytes(64, 0x40),
  measurement: bytes(48, 0x50),
  hostData: bytes(32, 0x60),
  idKeyDigest: bytes(48, 0x70),
  authorKeyDigest: bytes(48, 0x80),
  reportId: bytes(32, 0x90),
  reportIdMa: bytes(32, 0xa0),
  reportedTcb: bytes(8, 0xb0),
  cpuid: { family: 0x19, model: 0xa0, stepping: 2 },
  chipId: bytes(64, 0xc0),
  current: { major: 1, minor: 2, build: 3 },
  committed: { major: 4, minor: 5, build: 6 },
  committedTcb: bytes(8, 0xd0),
  launchTcb: bytes(8, 0xe0),
  launchMitVector: 0x8000000000000001n,
  currentMitVector: 0x123456789abcdef0n,
  signature: bytes(96, 0xf0),
} as const satisfies Required<Omit<ReportFields, 'product'>>

t.test('view: every field is what firmware wrote', async (t) => {
  const minted = mintReport(FIELDS)
  const { policyBits, platformInfoBits, ...rest } = plain(parseSnpReport(minted))
  t.strictSame(rest, {
    ...FIELDS,
    product: 'Genoa',
    signatureAlgo: 1,
    signedBytes: minted.slice(0, 0x2a0),
    bytes: minted,
  })
  t.strictSame(policyBits, readSnpReport(minted).policyBits)
  t.strictSame(platformInfoBits, readSnpReport(minted).platformInfoBits)
})

const NAMED_POLICY_BITS = {
  16: 'smt',
  18: 'migrateMa',
  19: 'debug',
  20: 'singleSocket',
  21: 'cxlAllow',
  22: 'memAes256Xts',
  23: 'raplDis',
  24: 'ciphertextHidingDram',
  25: 'pageSwapDisable',
}

t.test('view: each bit of POLICY sets its name and no other', async (t) => {
  for (const [bit, name] of Object.entries(NAMED_POLICY_BITS)) {
    const { policyBits } = parseSnpReport(mintReport({ policy: 0x20000n | (1n << BigInt(bit)) }))
    const set = Object.entries(policyBits).filter(([, value]) => value === true)
    t.strictSame(set, [[name, true]])
  }
  const { policyBits } = parseSnpReport(mintReport({ policy: 0x20133n }))
  t.equal(policyBits.abiMajor, 0x01)
  t.equal(policyBits.abiMinor, 0x33)
})

const PLATFORM_BITS = [
  'smtEn',
  'tsmeEn',
  'eccEn',
  'raplDis',
  'ciphertextHidingDramEn',
  'aliasCheckComplete',
  'iommuWriteSafe',
  'tioEn',
]

t.test('view: each bit of PLATFORM_INFO sets its name, or is unknown', async (t) => {
  for (let bit = 0; bit < 64; bit++) {
    const platformInfo = 1n << BigInt(bit)
    const { unknown, ...named } = parseSnpReport(mintReport({ platformInfo })).platformInfoBits
    const set = Object.entries(named).filter(([, value]) => value)
    const name = PLATFORM_BITS[bit]
    t.strictSame(set, name === undefined ? [] : [[name, true]])
    t.equal(unknown, name === undefined ? platformInfo : 0n)
  }
})

t.test('view: fields that a version does not have are null', async (t) => {
  for (const version of [2, 3, 4, 5]) {
    const report = parseSnpReport(mintReport({ version, product: 'Turin' }))
    t.equal(report.version, version)
    t.strictSame(report.cpuid, version < 3 ? null : MODELS.Turin.cpuid)
    t.equal(report.product, version < 3 ? null : 'Turin')
    t.equal(report.launchMitVector, version < 5 ? null : 0x0bn)
    t.equal(report.currentMitVector, version < 5 ? null : 0x0bn)
  }
})

t.test('view: a processor without a public root has no product', async (t) => {
  const cpuid = { family: 0x1a, model: 0x50, stepping: 0 }
  t.equal(parseSnpReport(mintReport({ cpuid })).product, null)
})

t.test('view: each key flag alone', async (t) => {
  for (const fields of [
    { authorKeyEn: true, maskChipKey: false, signingKey: 'vcek' },
    { authorKeyEn: false, maskChipKey: true, signingKey: 'vcek' },
    { authorKeyEn: false, maskChipKey: false, signingKey: 'vlek' },
  ] as const) {
    const { authorKeyEn, maskChipKey, signingKey } = parseSnpReport(mintReport(fields))
    t.strictSame({ authorKeyEn, maskChipKey, signingKey }, fields)
  }
})

t.test('view: changing the caller’s bytes changes nothing', async (t) => {
  const minted = mintReport(FIELDS)
  const report = parseSnpReport(minted)
  const before = plain(report)
  minted.fill(0xff)
  t.strictSame(plain(report), before)
})

t.test('view: changing what it returned changes nothing', async (t) => {
  const report = parseSnpReport(mintReport(FIELDS))
  const before = plain(report)
  for (const value of Object.values(plain(report))) {
    if (!(value instanceof Uint8Array)) continue
    t.equal(value.buffer.byteLength, value.length, 'a buffer of its own')
    value.fill(0xff)
  }
  t.strictSame(plain(report), before)
})

t.test('view: reports do not disturb each other', async (t) => {
  const minted = Array.from({ length: 100 }, (_, i) => mintReport({ guestSvn: i }))
  const reports = minted.map((report) => parseSnpReport(report))
  for (const [i, report] of reports.entries()) t.strictSame(report.bytes, minted[i])
})

t.test('view: any memory will do, Buffer, window or shared', async (t) => {
  const minted = mintReport(FIELDS)
  const wide = new Uint8Array(2000)
  wide.set(minted, 333)
  const shared = new Uint8Array(new SharedArrayBuffer(1184))
  shared.set(minted)
  for (const given of [Buffer.from(minted), wide.subarray(333, 333 + 1184), shared]) {
    const { bytes: copy } = parseSnpReport(given)
    t.strictSame(copy, minted)
    t.equal(Object.getPrototypeOf(copy), Uint8Array.prototype)
  }
})

t.test('view: it cannot be written to', async (t) => {
  const report = parseSnpReport(mintReport())
  for (const name of Object.keys(plain(report))) {
    t.throws(() => Object.assign(report, { [name]: 0 }), TypeError, name)
  }
})

// SPDX-License-Identifier: Apache-2.0
// A policy made from evidence: it can be read, the evidence meets it, and it asks for all that it can.

import { existsSync } from 'node:fs'
import t from 'tap'
import { type Product, parseSnpReport, type SnpReport } from '../../src/core/snp.js'
import { AttestationError } from '../../src/errors.js'
import { parsePolicy, type SnpPolicy } from '../../src/verify/policy.js'
import { initPolicy, type PolicySeed } from '../../src/verify/policy-init.js'
import { DESCRIPTIONS } from '../../src/verify/policy-text.js'
import { attempt } from '../../src/verify/result.js'
import { checkSnpPolicy } from '../../src/verify/snp-policy-checks.js'
import { MODELS, mintReport, type ReportFields } from '../fake/snp.js'
import { hex, throwsCode } from '../helpers.js'
import { manifest, skip, vectorBytes, vectorPath, vectors } from '../vectors.js'
import { STRICT_FIELDS } from './policy-flips.js'

const NOTHING = { tlsKey: false, hpkeKey: false, userData: false }

function seed(report: SnpReport, change: Partial<PolicySeed> = {}): PolicySeed {
  const { product, signingKey } = report
  const cspId = signingKey === 'vlek' ? 'CN=cc-test-1.example' : null
  const known = { product, kind: signingKey, cspId }
  return { name: 'test', report, ...known, mode: 'raw', binds: NOTHING, verdict: null, ...change }
}

function init(fields: ReportFields = {}, change: Partial<PolicySeed> = {}) {
  const text = initPolicy(seed(parseSnpReport(mintReport(fields)), change))
  const policy = parsePolicy(text)
  return { text, policy, snp: policy.snp as SnpPolicy }
}

const H100 = {
  kind: 'gpu',
  architecture: 'HOPPER',
  driverVersion: '570.124.06',
  vbiosVersion: '96.00.9F.00.01',
  genuine: true,
  protectedPcie: false,
} as const

/** Findings on the evidence that the policy came from. */
function complaints(from: PolicySeed): string[] {
  const { report, product, kind, cspId, mode } = from
  const { snp } = parsePolicy(initPolicy(from))
  return checkSnpPolicy(report, snp, { product, kind, cspId, mode, hwId: null })
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ check, outcome, code }) => `${check}: ${outcome} ${code}`)
}

t.test('init: pins what is there to stay, and nothing that changes', async (t) => {
  const { snp, policy } = init({ ...STRICT_FIELDS, product: 'Turin' })
  t.equal(policy.name, 'test')
  t.match(snp, {
    products: ['Turin'],
    endorsementKey: ['vcek'],
    cspId: 'any',
    chipId: 'any',
    maskedChipId: 'forbid',
    measurement: ['4d'.repeat(48)],
    authorKeyDigest: ['aa'.repeat(48)],
    minimumGuestSvn: 7,
    reportId: 'any',
    reportIdMa: ['ff'.repeat(32)],
    reportData: 'any',
    vmpl: [1],
    debug: 'forbid',
    guestPolicy: { minimumAbi: '1.51', smt: 'forbid', singleSocket: 'require' },
    platformInfo: { smtEn: 'forbid', tsmeEn: 'require', iommuWriteSafe: 'require' },
    mitigations: { launch: '0xb', current: '0xb' },
    minimumTcb: {
      reported: [
        {
          product: 'Turin',
          cpuid: MODELS.Turin.cpuid,
          ...{ fmc: 1, bootLoader: 1, tee: 1, snp: 4, microcode: 0x51 },
        },
      ],
    },
    minimumFirmware: { committed: [{ product: 'Turin', version: '1.58.1' }] },
    provisionalFirmware: 'forbid',
    revocation: { maximumAgeDays: 370 },
  })
  t.match(policy.binding, { nonce: 'require', modes: ['raw'], boundVmpl: 2, tlsKey: 'any' })
})

t.test('init: what the evidence does not meet is not asked', async (t) => {
  const fields: ReportFields = {
    version: 4,
    policy: 0xfffffn & ~0xffffn,
    platformInfo: 0x81n,
    chipId: new Uint8Array(64),
    reportIdMa: new Uint8Array(32).fill(1),
    currentTcb: Uint8Array.of(4, 0, 0, 0, 0, 0, 0x18, 0xdc),
  }
  const { snp } = init(fields)
  t.match(snp, {
    maskedChipId: 'allow',
    authorKeyDigest: 'any',
    minimumGuestSvn: 'any',
    reportIdMa: 'any',
    debug: 'forbid',
    guestPolicy: { minimumAbi: 'any', smt: 'any', migrateMa: 'forbid', singleSocket: 'any' },
    platformInfo: { smtEn: 'any', tsmeEn: 'any', tioEn: 'any', eccEn: 'any' },
    mitigations: { launch: 'any', current: 'any' },
    provisionalFirmware: 'any',
  })
  t.match(init({ current: { major: 1, minor: 58, build: 2 } }).snp, { provisionalFirmware: 'any' })
  t.match(init({ launchMitVector: 0n }).snp, { mitigations: { launch: 'any', current: '0xb' } })
  t.same(
    complaints(seed(parseSnpReport(mintReport(fields)))),
    [
      'snp.debug: fail ERR_POLICY_DEBUG',
      'snp.guest-policy.migrate-ma: fail ERR_POLICY_GUEST_POLICY',
    ],
    'but memory is never given away because somebody’s evidence did so',
  )
})

t.test('init: what nothing proved is not asked', async (t) => {
  const { snp, text } = init({}, { product: null, kind: null, cspId: null })
  const floors = { reported: 'any', committed: 'any', launch: 'any', current: 'any' }
  t.match(snp, { products: 'any', endorsementKey: 'any', cspId: 'any', minimumTcb: floors })
  t.match(snp.minimumFirmware, { current: 'any', committed: 'any' })
  t.match(text, /Not known: no certificate/)
  const v2 = init({ version: 2 }, { product: 'Milan' })
  t.match(v2.snp.minimumTcb.reported, [{ cpuid: 'any', microcode: 0xdb }])
  const other = init({ product: 'Genoa', cpuid: MODELS.Milan.cpuid }, { product: 'Genoa' })
  t.match(other.snp.minimumTcb.reported, [{ product: 'Genoa', cpuid: 'any' }])
  const foreign = init({ launchTcb: Uint8Array.from(MODELS.Turin.tcb) })
  t.equal(foreign.snp.minimumTcb.launch, 'any', 'a TCB that the product cannot have')
})

t.test('init: a VLEK names its provider, and no chip is expected', async (t) => {
  const { snp } = init({ signingKey: 'vlek', chipId: new Uint8Array(64) })
  t.match(snp, {
    endorsementKey: ['vlek'],
    cspId: ['CN=cc-test-1.example'],
    maskedChipId: 'forbid',
  })
})

t.test('init: what is bound stays bound, at a level of its own', async (t) => {
  const binds = { tlsKey: true, hpkeKey: true, userData: true }
  const bound = init({ vmpl: 2 }, { mode: 'bound', binds }).policy
  t.match(bound.binding, {
    ...{ modes: ['bound'], boundVmpl: 2, legacyTlsBinding: 'forbid' },
    ...{ tlsKey: 'require', hpkeKey: 'require', userData: 'require' },
  })
  t.equal(bound.snp?.vmpl, 'any')
  const low = init({ vmpl: 0 }, { mode: 'tls', binds })
  t.equal(low.policy.binding.boundVmpl, 1)
  t.match(low.text, /Seen: 0. Not pinned: caller-chosen/)
  t.equal(init({ vmpl: 0 }).policy.binding.boundVmpl, 1)
  t.equal(init({ vmpl: 1 }).policy.binding.boundVmpl, 2, 'never the level of raw evidence')
})

t.test('init: GPUs are counted, and none of them may get older', async (t) => {
  t.notOk('gpus' in init().policy, 'no section without them')
  t.notOk('gpus' in init({}, { gpus: [] }).policy)
  const older = { ...H100, driverVersion: '550.144.03', vbiosVersion: '96.00.5E.00.01' }
  const b200 = { ...H100, architecture: 'BLACKWELL', vbiosVersion: '97.00.E4.00.11' }
  const newer = { ...H100, driverVersion: '580.95.05', vbiosVersion: '96.00.A5.00.01' }
  const { policy } = init({}, { gpus: [H100, older, b200, newer], mode: 'bound' })
  t.same(policy.gpus, {
    count: 4,
    minimumCount: 'any',
    nvSwitches: 0,
    unique: 'require',
    serials: 'any',
    architectures: ['BLACKWELL', 'HOPPER'],
    drivers: 'any',
    minimumDriver: '550.144.03',
    vbios: 'any',
    minimumVbios: [
      { architecture: 'HOPPER', version: '96.00.5E.00.01' },
      { architecture: 'BLACKWELL', version: '97.00.E4.00.11' },
    ],
    protectedPcie: 'forbid',
    secureBoot: 'require',
    debug: 'forbid',
    rim: 'require',
    vouched: 'any',
    revocation: { maximumAgeHours: 24 },
    nonce: 'require',
    binding: 'require',
  })
})

t.test('init: protected PCIe, and what binds no GPUs', async (t) => {
  const gpu = { ...H100, protectedPcie: true, driverVersion: null }
  const nvSwitch = { ...gpu, kind: 'switch', architecture: 'LS10' } as const
  const { policy, text } = init({}, { gpus: [gpu, nvSwitch] })
  t.match(policy.gpus, {
    ...{ count: 1, nvSwitches: 1, architectures: ['HOPPER'], minimumDriver: 'any' },
    ...{ protectedPcie: 'require', binding: 'any' },
  })
  t.match(text, /Seen: NOT bound/)
  const simulated = init({}, { gpus: [H100, { ...H100, genuine: false }] }).policy
  const unknown = { rim: 'any', secureBoot: 'any', debug: 'any', revocation: 'any' }
  t.match(simulated.gpus, unknown, 'there is nothing to be had about some of them')
  const { gpus } = init({}, { gpus: [nvSwitch] }).policy
  t.match(gpus, { count: 0, nvSwitches: 1, architectures: 'any', minimumVbios: 'any' })
})

t.test('init: says of every field what it means, and how good the pins are', async (t) => {
  const { text } = init(STRICT_FIELDS, { gpus: [H100] })
  const words = text.replaceAll(/\s*\n\s*\/\/ /g, ' ')
  for (const [path, description] of DESCRIPTIONS) {
    if (path !== '$schema') t.ok(words.includes(description), path)
  }
  for (const line of text.split('\n')) {
    if (line.trimStart().startsWith('//') && line.length > 100) t.fail(line)
  }
  const said = (verdict: PolicySeed['verdict']) => init({}, { verdict }).text
  t.match(said(null), /NOTHING WAS VERIFIED/)
  t.match(said('undecided'), /The evidence was UNDECIDED: whoever/)
  t.match(said('rejected'), /The evidence was REJECTED: whoever/)
  t.match(said('verified'), /The evidence was VERIFIED as genuine/)
  t.match(init({ policy: 0xb0000n }).text, /The host can read this guest: refused/)
})

t.test('init: refuses what no policy can start from', async (t) => {
  throwsCode(t, () => init({ vmpl: 0xffffffff }), 'ERR_POLICY_VMPL')
  throwsCode(t, () => init({}, { name: '' }), 'ERR_POLICY_DOCUMENT')
  throwsCode(t, () => init({}, { name: 'a\nb' }), 'ERR_POLICY_DOCUMENT')
})

t.test('init: its own evidence meets it, whatever that is', async (t) => {
  for (const product of ['Milan', 'Genoa', 'Turin'] as const) {
    for (const signingKey of ['vcek', 'vlek'] as const) {
      for (const version of [2, 3, 4, 5]) {
        for (const fields of [{}, STRICT_FIELDS]) {
          const minted = mintReport({ product, signingKey, version, ...fields })
          const report = parseSnpReport(minted)
          t.same(complaints(seed(report, { product })), [], `${product} ${signingKey} ${version}`)
        }
      }
    }
  }
})

t.test(
  'init: real evidence meets its own policy, and no other launch does',
  { skip },
  async (t) => {
    const products: readonly Product[] = ['Milan', 'Genoa', 'Turin']
    let count = 0
    for (const name of vectors('snp')) {
      if (!existsSync(vectorPath('snp', name, 'report.bin'))) continue
      const report = attempt(() => parseSnpReport(vectorBytes('snp', name, 'report.bin')))
      if (report instanceof AttestationError) continue
      const named = manifest<{ product: string }>('snp', name).product.split(/\W/)[0]
      const product = products.find((one) => one === (report.product ?? named)) ?? null
      const { debug, migrateMa } = report.policyBits
      const refused = [
        ...(migrateMa ? ['snp.guest-policy.migrate-ma: fail ERR_POLICY_GUEST_POLICY'] : []),
        ...(debug ? ['snp.debug: fail ERR_POLICY_DEBUG'] : []),
      ]
      t.same(complaints(seed(report, { product })).sort(), refused.sort(), name)
      const { snp } = parsePolicy(initPolicy(seed(report, { product })))
      t.same(snp?.measurement, [hex(report.measurement)], name)
      count++
    }
    t.ok(count > 50, `${count} reports`)
  },
)

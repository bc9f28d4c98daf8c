// SPDX-License-Identifier: Apache-2.0
// Every field of a policy decides: one finding each, that fails alone when its field is not met.

import t from 'tap'
import { type Product, parseSnpReport } from '../../src/core/snp.js'
import { authenticity, type Policy, parsePolicy } from '../../src/verify/policy.js'
import { checkSnpPolicy, SNP_POLICY_CHECKS } from '../../src/verify/snp-policy-checks.js'
import { spells } from '../../src/verify/snp-policy-rules.js'
import { MODELS, mintReport, type ReportFields } from '../fake/snp.js'
import { hex } from '../helpers.js'
import { checkOf, flips, LEAVES, type Strict, strict } from './policy-flips.js'

const CASES = (['Milan', 'Genoa', 'Turin'] as const).flatMap((product) =>
  (['vcek', 'vlek'] as const).map((kind) => [product, kind] as const),
)

/** The policy with one field changed, read again, so that only documents that may be are tried. */
function put(policy: Policy, path: string, value: unknown): Policy {
  const copy = structuredClone(policy)
  const names = path.split('.')
  const last = names.pop() as string
  const owner = names.reduce<object>((at, name) => at[name as keyof object], copy)
  Object.assign(owner, { [last]: value })
  return parsePolicy(copy)
}

/** Findings as `check: outcome code`. */
function run(s: Strict, policy: Policy, fields: ReportFields = {}): string[] {
  const report = parseSnpReport(mintReport({ ...s.fields, ...fields }))
  return checkSnpPolicy(report, policy.snp, s.facts).map(
    ({ check, outcome, code }) => `${check}: ${outcome} ${code}`,
  )
}

const good = (paths: readonly string[]) => paths.map((path) => `${checkOf(path)}: pass null`)
const complaints = (found: string[]) => found.filter((line) => !line.endsWith('pass null'))

/** A VCEK names no provider, so nothing can be asked of it. */
const asked = (kind: 'vcek' | 'vlek') =>
  LEAVES.filter((path) => kind === 'vlek' || path !== 'snp.cspId')

t.test('policy checks: their names are the paths of the fields, in one order', async (t) => {
  t.same(SNP_POLICY_CHECKS, ['snp', ...LEAVES.map(checkOf)])
})

for (const [product, kind] of CASES) {
  t.test(`policy checks: ${product} ${kind}, one finding per field that is asked`, async (t) => {
    const s = strict(product, kind)
    t.same(run(s, s.policy), good(asked(kind)), 'all of them pass')
    for (const path of asked(kind)) {
      const open = put(s.policy, path, path === 'snp.debug' ? 'allow' : 'any')
      const rest = asked(kind).filter((other) => other !== path)
      t.same(run(s, open), good(rest), `${path} accepts any`)
    }
  })

  t.test(`policy checks: ${product} ${kind}, each field flipped fails alone`, async (t) => {
    const s = strict(product, kind)
    const table = flips(s)
    t.same(Object.keys(table), LEAVES, 'every field has a flip')
    for (const path of asked(kind)) {
      const { code, values = [], reports = [] } = table[path] ?? { code: 'none' }
      const expected = [`${checkOf(path)}: fail ${code}`]
      t.ok(values.length + reports.length > 0, path)
      for (const value of values) {
        const found = complaints(run(s, put(s.policy, path, value)))
        t.same(found, expected, `${path} = ${JSON.stringify(value)}`)
      }
      for (const fields of reports) {
        t.same(complaints(run(s, s.policy, fields)), expected, path)
      }
    }
  })
}

t.test('policy checks: each family of fields has its code', async (t) => {
  const codes = Object.values(flips(strict('Milan', 'vcek'))).map(({ code }) => code)
  t.same(
    [...new Set(codes)],
    [
      'ERR_POLICY_PRODUCT',
      'ERR_POLICY_ENDORSEMENT_KEY',
      'ERR_POLICY_CSP_ID',
      'ERR_POLICY_CHIP_ID',
      'ERR_POLICY_MEASUREMENT',
      'ERR_POLICY_HOST_DATA',
      'ERR_POLICY_FAMILY_ID',
      'ERR_POLICY_IMAGE_ID',
      'ERR_POLICY_ID_KEY',
      'ERR_POLICY_AUTHOR_KEY',
      'ERR_POLICY_GUEST_SVN',
      'ERR_POLICY_REPORT_ID',
      'ERR_POLICY_REPORT_DATA',
      'ERR_POLICY_VMPL',
      'ERR_POLICY_DEBUG',
      'ERR_POLICY_GUEST_POLICY',
      'ERR_POLICY_PLATFORM_INFO',
      'ERR_POLICY_MITIGATIONS',
      'ERR_POLICY_TCB',
      'ERR_POLICY_FIRMWARE',
    ],
  )
})

t.test('policy checks: hex spells bytes in full length only', async (t) => {
  const zero = new Uint8Array(2)
  t.ok(spells('0000', zero))
  t.ok(spells('09af', Uint8Array.of(0x09, 0xaf)))
  for (const text of ['', '00', '000', '00000', '000000', '0100', '0001', '00AF']) {
    t.notOk(spells(text, zero), text)
  }
  t.notOk(spells('09AF', Uint8Array.of(0x09, 0xaf)))
})

t.test('policy checks: lists accept each of their entries', async (t) => {
  const s = strict('Turin', 'vcek')
  for (const [path, value] of [
    ['snp.products', ['Genoa', 'Turin']],
    ['snp.endorsementKey', ['vlek', 'vcek']],
    ['snp.measurement', ['00'.repeat(48), '4d'.repeat(48)]],
    ['snp.vmpl', [0, 1]],
    ['snp.chipId', ['c1'.repeat(64), 'c1'.repeat(8)]],
    ['snp.chipId', ['c1'.repeat(8) + '00'.repeat(56)]],
    ['snp.mitigations.launch', '0x1'],
    ['snp.guestPolicy.minimumAbi', '0.255'],
    ['snp.minimumFirmware.current', [{ product: 'Turin', version: '1.57.255' }]],
  ] as const) {
    t.same(complaints(run(s, put(s.policy, path, value))), [], path)
  }
})

t.test('policy checks: a VCEK names no provider, and is refused where one is asked', async (t) => {
  const s = strict('Genoa', 'vcek')
  const policy = put(s.policy, 'snp.cspId', ['CN=cc-test-1.example'])
  t.same(complaints(run(s, policy)), ['snp.csp-id: fail ERR_POLICY_CSP_ID'])
})

t.test('policy checks: chips of a VCEK hold though CHIP_ID is masked, of a VLEK not', async (t) => {
  const masked = { chipId: new Uint8Array(64) }
  const vcek = strict('Milan', 'vcek')
  t.same(complaints(run(vcek, vcek.policy, masked)), [])
  const vlek = strict('Milan', 'vlek')
  t.same(complaints(run(vlek, vlek.policy, masked)), ['snp.chip-id: unknown ERR_CHIP_ID_MASKED'])
  const nameless: Strict = { ...vcek, facts: { ...vcek.facts, hwId: null } }
  t.same(complaints(run(nameless, vcek.policy)), ['snp.chip-id: unknown ERR_SNP_CHIP_ID'])
})

t.test('policy checks: a report that the host asked for is of no level', async (t) => {
  const s = strict('Milan', 'vcek')
  t.same(complaints(run(s, s.policy, { vmpl: 0xffffffff })), [
    'snp.report-data: fail ERR_POLICY_REPORT_DATA',
    'snp.vmpl: fail ERR_POLICY_VMPL',
  ])
})

t.test('policy checks: VMPL is judged in raw mode, REPORT_DATA in all', async (t) => {
  const s = strict('Milan', 'vcek')
  for (const mode of ['tls', 'bound', 'batch'] as const) {
    const bound: Strict = { ...s, facts: { ...s.facts, mode } }
    const expected = asked('vcek').filter((path) => path !== 'snp.vmpl')
    t.same(run(bound, s.policy), good(expected), mode)
  }
})

t.test('policy checks: versions before 5 have no mitigation vectors', async (t) => {
  const s = strict('Milan', 'vcek')
  for (const version of [3, 4]) {
    t.same(complaints(run(s, s.policy, { version })), [
      'snp.mitigations.launch: unknown ERR_FIELD_ABSENT',
      'snp.mitigations.current: unknown ERR_FIELD_ABSENT',
    ])
  }
})

t.test('policy checks: version 2 names no processor', async (t) => {
  const s = strict('Milan', 'vcek')
  const [row] = s.policy.snp.minimumTcb.reported as readonly object[]
  const reported = (rows: unknown) =>
    complaints(run(s, put(s.policy, 'snp.minimumTcb.reported', rows), { version: 2 })).find(
      (line) => line.startsWith('snp.minimum-tcb.reported'),
    )
  const anyRow = { ...row, cpuid: 'any' }
  t.equal(reported([row]), 'snp.minimum-tcb.reported: unknown ERR_FIELD_ABSENT')
  t.equal(reported([anyRow]), undefined, 'a row for the whole product decides')
  t.equal(reported([anyRow, row]), 'snp.minimum-tcb.reported: unknown ERR_FIELD_ABSENT')
  const failing = { ...anyRow, snp: 0x19 }
  t.equal(reported([failing, row]), 'snp.minimum-tcb.reported: fail ERR_POLICY_TCB')
  const genoa = { ...anyRow, product: 'Genoa' }
  t.equal(reported([genoa]), 'snp.minimum-tcb.reported: fail ERR_POLICY_TCB')
})

t.test('policy checks: a TCB that the product cannot have', async (t) => {
  const s = strict('Milan', 'vcek')
  const launchTcb = Uint8Array.from(MODELS.Turin.tcb)
  t.same(complaints(run(s, s.policy, { launchTcb })), ['snp.minimum-tcb.launch: fail ERR_SNP_TCB'])
})

t.test('policy checks: what cannot be judged is unknown, and says why', async (t) => {
  const s = strict('Milan', 'vcek')
  const problem = { code: 'ERR_SNP_LENGTH', detail: 'the report cannot be read' } as const
  const unread = checkSnpPolicy(problem, s.policy.snp, s.facts)
  const ofKey = ['snp.products', 'snp.endorsement-key', 'snp.chip-id']
  for (const { check, outcome, code, detail } of unread) {
    if (ofKey.includes(check)) t.equal(outcome, 'pass', check)
    else t.same([outcome, code], ['unknown', 'ERR_SNP_LENGTH'], check)
    t.notMatch(detail, /\n|\.$/)
  }
  t.equal(unread.length, asked('vcek').length)
  const vlek = strict('Milan', 'vlek')
  const chip = checkSnpPolicy(problem, vlek.policy.snp, vlek.facts).find(
    ({ check }) => check === 'snp.chip-id',
  )
  t.match(chip, { outcome: 'unknown', code: 'ERR_SNP_LENGTH' })

  const report = parseSnpReport(mintReport(s.fields))
  const nothing = { product: null, kind: null, hwId: null, cspId: null, mode: 'raw' } as const
  const ofChain = [
    ...['snp.products', 'snp.endorsement-key', 'snp.csp-id', 'snp.chip-id'],
    ...LEAVES.map(checkOf).filter((check) => /snp\.minimum-(tcb|firmware)/.test(check)),
  ]
  const policy = put(s.policy, 'snp.cspId', ['CN=x']).snp
  for (const [facts, code] of [
    [nothing, 'ERR_ENDORSEMENT_MISSING'],
    [
      { ...nothing, obstacle: { code: 'ERR_CERTIFICATE_FORMAT', detail: 'garbled' } },
      'ERR_CERTIFICATE_FORMAT',
    ],
  ] as const) {
    const open = checkSnpPolicy(report, policy, facts).filter(({ outcome }) => outcome !== 'pass')
    t.same(
      open.map(({ check, outcome, code: got }) => [check, outcome, got]),
      ofChain.map((check) => [check, 'unknown', code]),
    )
  }
})

t.test('policy checks: without a section all evidence is refused', async (t) => {
  const s = strict('Milan', 'vcek')
  const report = parseSnpReport(mintReport(s.fields))
  const findings = checkSnpPolicy(report, undefined, s.facts)
  t.match(findings, [{ check: 'snp', outcome: 'fail', code: 'ERR_POLICY_TEE' }])
  t.equal(findings.length, 1)
})

t.test('policy checks: the built-in policy asks one thing', async (t) => {
  const s = strict('Milan', 'vcek')
  t.same(run(s, authenticity()), ['snp.debug: pass null'])
})

t.test('policy checks: the whole field is compared, byte for byte', async (t) => {
  const product: Product = 'Genoa'
  const s = strict(product, 'vcek')
  for (const [path, field, length] of [
    ['snp.measurement', 'measurement', 48],
    ['snp.hostData', 'hostData', 32],
    ['snp.reportData', 'reportData', 64],
    ['snp.chipId', 'chipId', 64],
  ] as const) {
    for (let at = 0; at < length; at++) {
      const bytes = parseSnpReport(mintReport(s.fields))[field]
      bytes[at] = (bytes[at] as number) ^ 1
      const value = path === 'snp.reportData' ? hex(bytes) : [hex(bytes)]
      const found = complaints(run(s, put(s.policy, path, value)))
      if (found.length !== 1 || !found[0]?.startsWith(`${checkOf(path)}: fail`)) {
        t.fail(`${path} byte ${at}: ${found}`)
      }
    }
  }
  t.pass('176 bytes')
})

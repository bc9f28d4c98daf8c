// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import {
  authenticity,
  type BindingPolicy,
  type GpuPolicy,
  type Policy,
  parsePolicy,
} from '../../src/verify/policy.js'
import { explain, explainPolicy } from '../../src/verify/policy-explain.js'
import { DESCRIPTIONS } from '../../src/verify/policy-text.js'
import { LEAVES, strict } from './policy-flips.js'

const STRICT = strict('Turin', 'vlek').policy
/** With a level of bound evidence that raw evidence may have too. */
const FULL = { ...STRICT, binding: { ...STRICT.binding, boundVmpl: 1 } }
const { snp, binding } = FULL

/** Fields with two values, neither of which is 'any'. */
const SWITCHES: Record<string, unknown> = {
  'snp.debug': 'allow',
  'snp.maskedChipId': 'allow',
  'snp.platformInfo.tsmeEn': 'forbid',
  'binding.boundVmpl': 3,
  'binding.legacyTlsBinding': 'allow',
}

function put(path: string, value: unknown): Policy {
  const copy = structuredClone(FULL) as object
  const names = path.split('.')
  const last = names.pop() as string
  Object.assign(
    names.reduce((at, name) => at[name as keyof object], copy),
    { [last]: value },
  )
  return parsePolicy(copy)
}

t.test(
  'explain: a sentence for each field that is judged, and a line for each other',
  async (t) => {
    const full = explain(FULL)
    t.equal(full.unchecked.length, 0)
    t.same(explainPolicy(FULL).slice(-1), ['Every field is judged.'])
    const binding = [...DESCRIPTIONS.keys()].filter((path) => path.startsWith('binding.'))
    const leaves = [...LEAVES, 'snp.maskedChipId', 'snp.revocation', ...binding]
    t.equal(full.accepts.length, leaves.length)
    for (const path of leaves) {
      const switched = SWITCHES[path]
      if (path !== 'snp.platformInfo.tsmeEn' && switched !== undefined) {
        const { accepts } = explain(put(path, switched))
        t.equal(accepts.filter((sentence) => !full.accepts.includes(sentence)).length, 1, path)
        continue
      }
      const { accepts, unchecked } = explain(put(path, 'any'))
      t.equal(accepts.length, leaves.length - 1, path)
      t.match(unchecked, [new RegExp(`^${path.replaceAll('.', '\\.')}: \\w`)], path)
    }
    const { accepts } = explain(put('snp.platformInfo.tsmeEn', 'forbid'))
    t.ok(accepts.includes('The platform must not report encryption of all memory (TSME) on.'))
  },
)

t.test('explain: values are said whole', async (t) => {
  const { accepts } = explain(FULL)
  for (const value of [snp.measurement[0], snp.chipId[0], snp.reportData, 'CN=cc-test-1.example']) {
    t.ok(accepts.some((sentence) => sentence.includes(value as string)))
  }
  t.ok(
    accepts.includes(
      'The reported TCB must reach fmc 0x1, bootLoader 0x1, tee 0x1, snp 0x4, microcode 0x51 on Turin 0x1a/0x2/0x1. Other processors are refused.',
    ),
  )
  t.ok(accepts.includes('A CRL must be at hand that is at most 370 days old.'))
  const open = { fmc: 'any', bootLoader: 'any', tee: 'any', snp: 'any', microcode: 'any' }
  const rows = [{ product: 'Milan', cpuid: 'any', ...open }]
  t.match(
    explain(put('snp.minimumTcb.launch', rows)).accepts.join('\n'),
    'The launch TCB must reach any level on Milan. Other processors are refused.',
  )
})

t.test('explain: the built-in policy, and what it leaves open', async (t) => {
  const lines = explainPolicy(authenticity())
  t.equal(lines[0], 'The policy "authenticity" accepts SEV-SNP evidence and no other.')
  t.ok(lines.includes('  The host must not be able to debug the guest.'))
  const start = lines.indexOf('Nothing looks at:')
  t.ok(lines.slice(start).some((line) => line.startsWith('  snp.measurement: ')))
  t.equal(lines.length - start - 1, explain(authenticity()).unchecked.length)
  const { snp: _, gpus, ...rest } = authenticity()
  t.match(explainPolicy(rest)[0], /accepts no evidence at all/)
  t.same(explain(rest).warnings, [])
  t.match(explainPolicy({ ...rest, gpus })[0], /accepts evidence of GPUs alone, of no CPU/)
})

const GPUS: GpuPolicy = {
  count: 8,
  minimumCount: 1,
  nvSwitches: 4,
  unique: 'require',
  serials: ['410102030405060708'],
  architectures: ['HOPPER', 'BLACKWELL'],
  drivers: ['570.124.06', '580.95.05'],
  minimumDriver: '570.0',
  vbios: ['96.00.9F.00.01'],
  minimumVbios: [{ architecture: 'HOPPER', version: '96.00.5E.00.01' }],
  protectedPcie: 'require',
  secureBoot: 'require',
  debug: 'forbid',
  rim: 'require',
  vouched: 'require',
  revocation: { maximumAgeHours: 24 },
  nonce: 'require',
  binding: 'require',
}

t.test('explain: a sentence for each field on GPUs, or a line', async (t) => {
  const with_ = (change: Partial<GpuPolicy>) => explain({ ...FULL, gpus: { ...GPUS, ...change } })
  const full = with_({})
  const before = explain(FULL)
  const fields = Object.keys(GPUS)
  t.equal(full.accepts.length, before.accepts.length + fields.length)
  t.same([full.unchecked, full.warnings], [before.unchecked, before.warnings])
  for (const field of fields) {
    const { accepts, unchecked } = with_({ [field]: 'any' })
    t.equal(accepts.length, full.accepts.length - 1, field)
    t.match(unchecked, [new RegExp(`^gpus\\.${field}: \\w`)], field)
  }
  for (const sentence of [
    'There must be evidence of 8 GPUs.',
    'There must be evidence of at least 1 GPU.',
    'There must be evidence of 4 NVSwitches.',
    'The driver must be 570.124.06 or 580.95.05.',
    'The VBIOS must be at least 96.00.5E.00.01 on HOPPER. Other GPUs are refused.',
    'OCSP responses must be at hand that are at most 24 hours old.',
  ]) {
    t.ok(full.accepts.includes(sentence), sentence)
  }
  const { accepts } = with_({ protectedPcie: 'forbid', nvSwitches: 1 })
  t.ok(accepts.includes('No GPU may be in protected PCIe mode.'))
  t.ok(accepts.includes('There must be evidence of 1 NVSwitch.'))
})

t.test('explain: warns of what is weak about GPUs', async (t) => {
  const known = explain(FULL).warnings
  const warned = (change: Partial<GpuPolicy>, modes: BindingPolicy['modes'] = ['bound']) => {
    const policy: Policy = { ...FULL, gpus: { ...GPUS, ...change }, binding: { ...binding, modes } }
    return explain(policy).warnings.filter((warning) => !known.includes(warning))
  }
  t.same(warned({}), [])
  t.same(warned({ count: 'any' }), [])
  t.match(warned({ count: 'any', minimumCount: 'any' }), [/evidence without any GPU will do/])
  t.same(warned({ binding: 'any' }), [], 'G binds them in bound mode all the same')
  t.match(warned({ binding: 'any' }, 'any'), [/^gpus.binding is "any", and in the modes raw/])
  t.match(warned({ binding: 'any' }, ['tls']), [/^gpus.binding is "any", and in the modes raw/])
  t.match(warned({ unique: 'any' }), [/one GPU may pass for several/])
  const unmeasured = { rim: 'any', secureBoot: 'any', debug: 'any' } as const
  t.same(warned(unmeasured), [], 'somebody else has looked')
  t.match(warned({ ...unmeasured, vouched: 'any' }), [/^gpus.rim and gpus.vouched are "any"/])
  t.match(warned({ revocation: 'any' }), [/^gpus.revocation is "any"/])
})

t.test('explain: nothing looks at GPUs that a policy leaves aside', async (t) => {
  const bound: Policy = { ...FULL, gpus: 'any', binding: { ...binding, modes: ['bound', 'batch'] } }
  const { accepts, unchecked, warnings } = explain(bound)
  t.match(unchecked, [/^gpus: the GPUs themselves[^;]+; .+ the digest G still binds/])
  t.same(warnings, [])
  t.same(accepts, explain({ ...FULL, binding: bound.binding }).accepts)
  t.ok(explainPolicy(bound).includes(`  ${unchecked[0]}`))
  for (const modes of ['any', ['raw'], ['tls', 'bound']] as const) {
    const loose: Policy = { ...bound, snp: { ...snp, vmpl: [0] }, binding: { ...binding, modes } }
    t.match(explain(loose).warnings, [/^gpus is "any", and in the modes raw and tls nothing/])
  }
})

t.test('explain: warns of what is weak', async (t) => {
  t.same(explain(STRICT).warnings, [], 'what init makes is not weak')
  const quiet: Policy = { ...FULL, snp: { ...snp, vmpl: [0] } }
  t.same(explain(quiet).warnings, [])
  const modes = { ...binding, modes: ['raw', 'tls'] as const }
  const rows = snp.minimumTcb.reported
  if (rows === 'any') throw new Error('pinned')
  const vague = rows.map((row) => ({ ...row, cpuid: 'any' as const }))
  const floors = { reported: 'any', committed: 'any', launch: 'any', current: 'any' } as const
  const weak: [name: string, policy: Policy, warning: RegExp][] = [
    [
      'measurement',
      { ...quiet, snp: { ...snp, vmpl: [0], measurement: 'any' } },
      /^measurement is/,
    ],
    ['hostData', { ...quiet, snp: { ...snp, vmpl: [0], hostData: 'any' } }, /^hostData is/],
    ['debug', { ...quiet, snp: { ...snp, vmpl: [0], debug: 'allow' } }, /^debug is/],
    ['the oracle', FULL, /^raw evidence of VMPL 1 is accepted/],
    ['any level', { ...quiet, snp: { ...snp, vmpl: 'any' } }, /^raw evidence of VMPL 1/],
    [
      'level 0',
      { ...quiet, snp: { ...snp, vmpl: [1] }, binding: { ...binding, boundVmpl: 0 } },
      /^binding.boundVmpl is 0/,
    ],
    [
      'legacy TLS',
      { ...quiet, binding: { ...modes, legacyTlsBinding: 'allow' } },
      /^legacyTlsBinding is/,
    ],
    ['revocation', { ...quiet, snp: { ...snp, vmpl: [0], revocation: 'any' } }, /^revocation is/],
    ['floors', { ...quiet, snp: { ...snp, vmpl: [0], minimumTcb: floors } }, /^minimumTcb is/],
    [
      'steppings',
      { ...quiet, snp: { ...snp, vmpl: [0], minimumTcb: { ...floors, reported: vague } } },
      /^a row of minimumTcb/,
    ],
  ]
  for (const [name, policy, warning] of weak) {
    const { warnings } = explain(policy)
    t.equal(warnings.length, 1, name)
    t.match(warnings[0], warning, name)
    t.ok(explainPolicy(policy).includes(`WARNING: ${warnings[0]}`))
  }
  const bound: Policy = { ...FULL, binding: { ...binding, modes: ['bound'] } }
  t.same(explain(bound).warnings, [], 'raw evidence is refused')
  const any: Policy = { ...quiet, binding: { ...binding, modes: 'any', legacyTlsBinding: 'allow' } }
  t.equal(explain(any).warnings.length, 1, 'any mode is every mode')
})

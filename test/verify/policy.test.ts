// SPDX-License-Identifier: Apache-2.0
// The policy document: what may stand in it, and which field a refusal names.

import fc from 'fast-check'
import t, { type Test } from 'tap'
import { authenticity, type Policy, parsePolicy } from '../../src/verify/policy.js'
import { DESCRIPTIONS } from '../../src/verify/policy-text.js'
import { codeOf, throwsCode } from '../helpers.js'
import { strict } from './policy-flips.js'

const CODE = 'ERR_POLICY_DOCUMENT'
const FULL = strict('Turin', 'vlek').policy
/** With the section that evidence without GPUs does not make. */
const WHOLE: Policy = { ...FULL, gpus: authenticity().gpus }

type Loose = Record<string, unknown>

/** The policy with the field at `path` changed, as a document that anybody might write. */
function put(policy: Policy, path: string, value: unknown): Loose {
  const copy: Loose = structuredClone(policy) as unknown as Loose
  const names = path.split('.')
  const last = names.pop() as string
  const owner = names.reduce((at, name) => at[name] as Loose, copy)
  if (value === undefined) delete owner[last]
  else owner[last] = value
  return copy
}

function refuses(t: Test, document: unknown, message: RegExp | string): void {
  const got = throwsCode(t, () => parsePolicy(document), CODE)
  if (typeof message === 'string') t.equal(got, `policy: ${message}`)
  else t.match(got, message)
  t.notMatch(got, /\n|\.$/)
}

t.test('policy: a document, as text with comments or as its value, is read as it is', async (t) => {
  t.strictSame(parsePolicy(FULL), FULL)
  t.strictSame(parsePolicy(JSON.stringify(FULL)), FULL)
  t.strictSame(parsePolicy(`// mine\n${JSON.stringify(FULL, null, 2)} // end`), FULL)
  t.strictSame(parsePolicy(new TextEncoder().encode(`\ufeff${JSON.stringify(FULL)}`)), FULL)
  t.strictSame(parsePolicy(authenticity()), authenticity())
  t.strictSame(parsePolicy({ $schema: './policy.schema.json', ...FULL }), FULL, 'without $schema')
})

t.test('policy: the result is a copy', async (t) => {
  const document = structuredClone(FULL) as unknown as { snp: { measurement: string[] } }
  const policy = parsePolicy(document)
  document.snp.measurement.push('00'.repeat(48))
  document.snp.measurement[0] = '11'.repeat(48)
  t.strictSame(policy, FULL)
})

t.test('policy: every field is required, and nothing else may stand there', async (t) => {
  for (const path of DESCRIPTIONS.keys()) {
    if (path === '$schema' || path === 'snp') continue
    if (path !== 'gpus') refuses(t, put(WHOLE, path, undefined), `${path} is missing`)
    refuses(t, put(WHOLE, path, null), new RegExp(`^policy: ${path}: .* expected, got null$`))
    refuses(t, put(WHOLE, path, true), new RegExp(`^policy: ${path}: .* expected, got boolean$`))
  }
  for (const path of ['', 'snp.', 'snp.guestPolicy.', 'gpus.', 'binding.']) {
    refuses(t, put(WHOLE, `${path}mesurement`, 'any'), `${path}mesurement is no field of a policy`)
  }
  refuses(t, put(WHOLE, 'a"\u001b', 'any'), '["a\\"\\u001b"] is no field of a policy')
})

t.test('policy: names the first wrong field, down to the entry of a list', async (t) => {
  const row = { product: 'Milan', cpuid: 'any', fmc: 'any' }
  const levels = { bootLoader: 1, tee: 0, snp: 27, microcode: 'any' }
  const full = { ...row, ...levels }
  const cpuid = { family: 0x19, model: 1, stepping: 1 }
  const vbios = { architecture: 'HOPPER', version: '96.00.9F.00.01' }
  const cases: [path: string, value: unknown, message: string | RegExp][] = [
    ['format', 'assay.policy.v2', 'format: "assay.policy.v1" expected, got "assay.policy.v2"'],
    ['name', '', 'name: up to 100 printable ASCII characters expected, got ""'],
    [
      'name',
      `a\n${'b'.repeat(99)}`,
      `name: up to 100 printable ASCII characters expected, got "a\\n${'b'.repeat(38)}"…`,
    ],
    ['snp', 'any', 'snp: object expected, got "any"'],
    ['snp.products', [], 'snp.products: list of at least one entry expected, got list'],
    ['snp.products', 'Any', 'snp.products: "any" or list of products expected, got "Any"'],
    [
      'snp.products',
      ['Milan', 'Rome'],
      'snp.products[1]: product Milan, Genoa or Turin expected, got "Rome"',
    ],
    ['snp.products', ['Milan', 'Milan'], 'snp.products: each entry once expected, got list'],
    [
      'snp.endorsementKey',
      ['VCEK'],
      'snp.endorsementKey[0]: "vcek" or "vlek" expected, got "VCEK"',
    ],
    ['snp.cspId', [''], 'snp.cspId[0]: up to 256 printable ASCII characters expected, got ""'],
    ['snp.chipId', ['ab'], 'snp.chipId[0]: 128 or 16 lower-case hex digits expected, got "ab"'],
    [
      'snp.measurement',
      ['0'.repeat(95)],
      `snp.measurement[0]: 96 lower-case hex digits expected, got "${'0'.repeat(40)}"…`,
    ],
    [
      'snp.measurement',
      ['AB'.repeat(48)],
      `snp.measurement[0]: 96 lower-case hex digits expected, got "${'AB'.repeat(20)}"…`,
    ],
    [
      'snp.measurement',
      '00'.repeat(48),
      `snp.measurement: "any" or list of 96 hex digits each expected, got "${'0'.repeat(40)}"…`,
    ],
    ['snp.measurement', [7], 'snp.measurement[0]: 96 lower-case hex digits expected, got 7'],
    ['snp.measurement', [{}], 'snp.measurement[0]: 96 lower-case hex digits expected, got object'],
    [
      'snp.minimumGuestSvn',
      1.5,
      'snp.minimumGuestSvn: integer from 0 to 4294967295 expected, got 1.5',
    ],
    [
      'snp.minimumGuestSvn',
      -1,
      'snp.minimumGuestSvn: integer from 0 to 4294967295 expected, got -1',
    ],
    [
      'snp.minimumGuestSvn',
      2 ** 32,
      'snp.minimumGuestSvn: integer from 0 to 4294967295 expected, got 4294967296',
    ],
    ['snp.vmpl', [4], 'snp.vmpl[0]: integer from 0 to 3 expected, got 4'],
    ['snp.debug', 'any', 'snp.debug: "forbid" or "allow" expected, got "any"'],
    [
      'snp.platformInfo.tsmeEn',
      'no',
      'snp.platformInfo.tsmeEn: "require", "forbid" or "any" expected, got "no"',
    ],
    [
      'snp.guestPolicy.minimumAbi',
      '1.256',
      'snp.guestPolicy.minimumAbi: version such as "1.51" expected, got "1.256"',
    ],
    [
      'snp.mitigations.launch',
      '0x0B',
      'snp.mitigations.launch: mask such as "0x0b" expected, got "0x0B"',
    ],
    [
      'snp.minimumFirmware.current',
      [{ product: 'Milan', version: '1.55' }],
      'snp.minimumFirmware.current[0].version: version such as "1.55.35" expected, got "1.55"',
    ],
    [
      'snp.minimumFirmware.current',
      [
        { product: 'Milan', version: '1.1.1' },
        { product: 'Milan', version: '1.1.2' },
      ],
      'snp.minimumFirmware.current: each entry once expected, got list',
    ],
    [
      'snp.minimumTcb.reported',
      [{ product: 'Rome' }],
      'snp.minimumTcb.reported[0].product: row with product Milan, Genoa or Turin expected, got "Rome"',
    ],
    [
      'snp.minimumTcb.reported',
      [7],
      'snp.minimumTcb.reported[0]: row with product Milan, Genoa or Turin expected, got 7',
    ],
    ['snp.minimumTcb.reported', [row], 'snp.minimumTcb.reported[0].bootLoader is missing'],
    [
      'snp.minimumTcb.reported',
      [{ ...full, fmc: 1 }],
      'snp.minimumTcb.reported[0].fmc: "any" expected, because only Turin has an FMC, got 1',
    ],
    [
      'snp.minimumTcb.reported',
      [{ ...full, snp: 256 }],
      'snp.minimumTcb.reported[0].snp: integer from 0 to 255 expected, got 256',
    ],
    [
      'snp.minimumTcb.reported',
      [{ ...full, snp: '27' }],
      'snp.minimumTcb.reported[0].snp: "any" or integer from 0 to 255 expected, got "27"',
    ],
    [
      'snp.minimumTcb.reported',
      [full, { ...full, snp: 28 }],
      'snp.minimumTcb.reported: each entry once expected, got list',
    ],
    [
      'snp.minimumTcb.reported',
      [{ ...full, product: 'Genoa', cpuid }],
      'snp.minimumTcb.reported[0].cpuid: processor of the product of the row expected, got object',
    ],
    [
      'snp.revocation',
      { maximumAgeDays: 0 },
      'snp.revocation.maximumAgeDays: integer from 1 to 3660 expected, got 0',
    ],
    ['snp.revocation', {}, 'snp.revocation.maximumAgeDays is missing'],
    ['gpus', 'require', 'gpus: "any" or section on GPUs expected, got "require"'],
    ['gpus', {}, 'gpus.count is missing'],
    ['gpus.count', -1, 'gpus.count: integer from 0 to 64 expected, got -1'],
    ['gpus.minimumCount', 0, 'gpus.minimumCount: integer from 1 to 64 expected, got 0'],
    ['gpus.serials', ['4X'], /^policy: gpus\.serials\[0\]: lower-case hex/],
    ['gpus.drivers', ['570'], /^policy: gpus\.drivers\[0\]: version such as "570\.124\.06"/],
    ['gpus.minimumDriver', 'new', /^policy: gpus\.minimumDriver: version such as/],
    ['gpus.vbios', ['96.00.9f.00.01'], /^policy: gpus\.vbios\[0\]: version such as "96\.00/],
    ['gpus.architectures', ['LS10'], /^policy: gpus\.architectures\[0\]: "HOPPER" or "BLACKWELL"/],
    [
      'gpus.minimumVbios',
      [vbios, { ...vbios, version: '96.00.A5.00.01' }],
      /^policy: gpus\.minimumVbios: each entry once expected/,
    ],
    [
      'gpus.revocation',
      { maximumAgeHours: 0 },
      'gpus.revocation.maximumAgeHours: integer from 1 to 744 expected, got 0',
    ],
    ['binding.boundVmpl', 'any', 'binding.boundVmpl: integer from 0 to 3 expected, got "any"'],
    [
      'binding.modes',
      ['mail'],
      'binding.modes[0]: "raw", "tls", "bound" or "batch" expected, got "mail"',
    ],
  ]
  for (const [path, value, message] of cases) refuses(t, put(WHOLE, path, value), message)
  t.equal(parsePolicy(put(FULL, 'gpus', 'any')).gpus, 'any')
  const rows = [full, { ...full, cpuid }, { ...full, product: 'Turin', fmc: 1 }]
  t.strictSame(
    parsePolicy(put(FULL, 'snp.minimumTcb.reported', rows)).snp?.minimumTcb.reported,
    rows,
  )
})

t.test('policy: some kind of evidence it must be about', async (t) => {
  refuses(
    t,
    { ...put(FULL, 'snp', undefined), gpus: 'any' },
    'the document: a section on a kind of evidence (snp, gpus) expected, got object',
  )
  const { gpus, ...rest } = WHOLE
  refuses(t, put(rest, 'snp', undefined), /^policy: the document: a section on a kind/)
  t.strictSame(parsePolicy(put(WHOLE, 'snp', undefined)).gpus, gpus, 'GPUs by themselves')
})

t.test('policy: what is no document', async (t) => {
  for (const value of [undefined, null, 7, true, [], () => 7]) refuses(t, value, /^policy: /)
  refuses(t, Uint8Array.of(0x22, 0xff, 0x22), 'UTF-8 expected')
  refuses(t, '', 'line 1: a value expected, got the end')
  refuses(t, '"any"', 'the document: object expected, got "any"')
  refuses(t, `{"name":\n${JSON.stringify(FULL).slice(1)}`, /^policy: line 2: "," or "}" expected/)
  refuses(t, ' '.repeat((1 << 20) + 1), 'at most 1048576 characters expected')
})

t.test('policy: a name that stands twice is a trap, and refused', async (t) => {
  const text = JSON.stringify(FULL)
  const twice = text.replace('"measurement":', '"measurement":"any","measurement":')
  t.strictSame(JSON.parse(twice), FULL, 'others see nothing of it')
  refuses(t, twice, 'line 1: "measurement" stands twice in one object')
})

t.test('policy: no JSON makes it throw anything else', async (t) => {
  const paths = [...DESCRIPTIONS.keys()]
  const accepted: unknown[] = []
  const tried = (document: unknown) => {
    const code = codeOf(() => accepted.push(parsePolicy(document)))
    if (code !== null && code !== CODE) t.fail(code)
  }
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(...paths), fc.string(), (value, path, text) => {
      tried(value)
      tried(text)
      tried(JSON.stringify(value))
      tried(put(WHOLE, path, value ?? null))
    }),
    { numRuns: 1000 },
  )
  for (const policy of accepted) t.strictSame(parsePolicy(policy), policy)
})

t.test('policy: what was read cannot be changed, and is not read again', async (t) => {
  const source = structuredClone(authenticity()) as { snp: { debug: string }; name: string }
  const policy = parsePolicy(source)
  source.snp.debug = 'allow'
  t.equal(policy.snp?.debug, 'forbid', 'a copy')
  t.equal(parsePolicy(policy), policy)
  for (const frozen of [policy, policy.snp, policy.binding, authenticity().snp.guestPolicy]) {
    t.ok(Object.isFrozen(frozen))
  }
})

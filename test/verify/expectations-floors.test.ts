// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import t from 'tap'
import { narrowFloors } from '../../src/verify/expectations-floors.js'
import type { TcbFloor } from '../../src/verify/index.js'
import { codeOf, throwsCode } from '../helpers.js'

type Floors = readonly TcbFloor[] | 'any'

const LEVELS = ['fmc', 'bootLoader', 'tee', 'snp', 'microcode'] as const
const MILAN_B0 = { family: 25, model: 1, stepping: 0 }
const MILAN_B1 = { family: 25, model: 1, stepping: 1 }
const GENOA_B1 = { family: 25, model: 17, stepping: 1 }
const TURIN_C1 = { family: 26, model: 2, stepping: 1 }
const PROCESSORS = [
  ['Milan', MILAN_B0],
  ['Milan', MILAN_B1],
  ['Genoa', GENOA_B1],
  ['Turin', TURIN_C1],
] as const

type Change = { readonly [Name in keyof TcbFloor]?: TcbFloor[Name] }

const base = {
  product: 'Milan',
  cpuid: 'any',
  fmc: 'any',
  bootLoader: 'any',
  tee: 'any',
  snp: 'any',
  microcode: 'any',
} as const

/** Any product with any FMC: nothing here depends on who has one. */
const row = (change: Change = {}): TcbFloor => ({ ...base, ...change }) as TcbFloor

t.test('floors: of two tables, the higher levels for what is in both', async (t) => {
  const own = [row({ bootLoader: 4, snp: 20 }), row({ product: 'Genoa', bootLoader: 9 })]
  const expected = [row({ snp: 22, microcode: 213, cpuid: MILAN_B1 })]
  const merged = [row({ bootLoader: 4, snp: 22, microcode: 213, cpuid: MILAN_B1 })]
  t.strictSame(narrowFloors(own, expected), merged)
  t.strictSame(narrowFloors(expected, own), merged)
  t.equal(narrowFloors('any', own), own)
  t.equal(narrowFloors(own, 'any'), own)
  t.equal(narrowFloors('any', 'any'), 'any')
})

t.test('floors: for no processor that is in both', async (t) => {
  for (const [own, expected] of [
    [row(), row({ product: 'Genoa' })],
    [row({ cpuid: MILAN_B0 }), row({ cpuid: MILAN_B1 })],
  ] as const) {
    throwsCode(t, () => narrowFloors([own], [expected]), 'ERR_EXPECTATIONS_CONFLICT')
  }
})

const level = fc.oneof(fc.constant('any' as const), fc.integer({ min: 0, max: 2 }))
const floor = fc
  .tuple(fc.constantFrom(...PROCESSORS), fc.boolean(), fc.tuple(level, level, level, level, level))
  .map(([[product, cpuid], every, levels]) =>
    row({
      product,
      cpuid: every ? 'any' : cpuid,
      ...Object.fromEntries(LEVELS.map((name, at) => [name, levels[at]])),
    }),
  )
const table: fc.Arbitrary<Floors> = fc.oneof(
  fc.constant('any' as const),
  fc.uniqueArray(floor, {
    minLength: 1,
    maxLength: 6,
    selector: ({ product, cpuid }) => JSON.stringify([product, cpuid]),
  }),
)

/** As a policy reads its table: every row for the processor holds, and there is one. */
function meets(floors: Floors, at: number, tcb: readonly number[]): boolean {
  if (floors === 'any') return true
  const [product, cpuid] = PROCESSORS[at] as (typeof PROCESSORS)[number]
  const rows = floors.filter(
    (one) =>
      one.product === product &&
      (one.cpuid === 'any' || JSON.stringify(one.cpuid) === JSON.stringify(cpuid)),
  )
  const holds = (one: TcbFloor) =>
    LEVELS.every((name, index) => one[name] === 'any' || Number(tcb[index]) >= Number(one[name]))
  return rows.length > 0 && rows.every(holds)
}

t.test('floors: what meets the result is what meets both', async (t) => {
  const processor = fc.integer({ min: 0, max: PROCESSORS.length - 1 })
  const tcb = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 })
  let accepted = 0
  const property = fc.property(table, table, processor, tcb, (own, expected, at, levels) => {
    const both = meets(own, at, levels) && meets(expected, at, levels)
    if (both) accepted++
    if (codeOf(() => narrowFloors(own, expected)) !== null) return !both
    return meets(narrowFloors(own, expected), at, levels) === both
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 5000 }))
  t.ok(accepted > 100)
})

// SPDX-License-Identifier: Apache-2.0
// The core and the oracle read the same bytes and must say the same: outcome and every field.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { parseSnpReport } from '../../src/index.js'
import { mintReport } from '../fake/snp.js'
import { codeOf } from '../helpers.js'
import { plain, readSnpReport } from '../oracle/snp.js'
import { skip, vectorBytes, vectors } from '../vectors.js'

function agree(bytes: Uint8Array): 'read' | 'refused' {
  const expected = codeOf(() => readSnpReport(bytes))
  const got = codeOf(() => parseSnpReport(bytes))
  if (got !== expected) throw new Error(`core ${got}, oracle ${expected}`)
  if (expected !== null) return 'refused'
  if (!isDeepStrictEqual(plain(parseSnpReport(bytes)), readSnpReport(bytes))) {
    throw new Error('fields differ')
  }
  return 'read'
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

const minted = fc
  .record({
    version: fc.integer({ min: 1, max: 6 }),
    product: fc.constantFrom('Milan' as const, 'Genoa' as const, 'Turin' as const),
    cpuid: fc.record({
      family: fc.constantFrom(0x17, 0x19, 0x1a),
      model: fc.nat({ max: 255 }),
      stepping: fc.nat({ max: 255 }),
    }),
    guestSvn: fc.nat(),
    policy: fc.bigInt({ min: 0n, max: (1n << 27n) - 1n }).map((policy) => policy | 0x20000n),
    vmpl: fc.constantFrom(0, 1, 2, 3, 4, 0xffffffff),
    platformInfo: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    authorKeyEn: fc.boolean(),
    maskChipKey: fc.boolean(),
    signingKey: fc.constantFrom('vcek' as const, 'vlek' as const),
    reportData: bytes(64),
    chipId: bytes(64),
    currentTcb: bytes(8),
    currentMitVector: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    signature: bytes(96),
  })
  .map(mintReport)

/** Bytes written anywhere, and at the places where rules are. */
const pokes = fc.array(
  fc.tuple(
    fc.oneof(fc.nat({ max: 1183 }), fc.constantFrom(0, 8, 0x30, 0x34, 0x48, 0x1eb, 0x1f8, 0x2d0)),
    fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 2, 3)),
  ),
  { maxLength: 3 },
)

const poke = (report: Uint8Array, changes: [number, number][]): Uint8Array => {
  const copy = report.slice()
  for (const [at, byte] of changes) copy[at] = byte
  return copy
}

t.test('differential: minted and mutated reports', async (t) => {
  const seen = { read: 0, refused: 0 }
  fc.assert(
    fc.property(minted, pokes, (report, changes) => {
      seen[agree(poke(report, changes))]++
    }),
    { numRuns: 3000 },
  )
  t.ok(seen.read > 100 && seen.refused > 100, JSON.stringify(seen))
})

t.test('differential: any bytes of any length', async (t) => {
  const any = fc.uint8Array({ maxLength: 1300 })
  fc.assert(fc.property(fc.oneof(any, bytes(1184)), (given) => agree(given) === 'refused'))
  t.pass('refused by both')
})

t.test('differential: real and mutated reports', { skip }, async (t) => {
  const reports = vectors('snp').flatMap((name) => {
    try {
      return [vectorBytes('snp', name, 'report.bin')]
    } catch {
      return []
    }
  })
  t.ok(reports.length > 50, `${reports.length} reports`)
  for (const report of reports) agree(report)
  fc.assert(
    fc.property(fc.constantFrom(...reports), pokes, (report, changes) => {
      agree(poke(report, changes))
    }),
    { numRuns: 2000 },
  )
})

// SPDX-License-Identifier: Apache-2.0
// The core against the oracle: the same bytes are accepted with the same fields, or refused with
// the same code.

import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { AttestationError, parseTdReport, parseTdxQuote } from '../../src/index.js'
import { hashed, mintQuote, mintTdReport, noise, pemChain } from '../fake/tdx.js'
import { readQuote, readTdReport } from '../oracle/tdx.js'
import { quoteReading, tdReportReading } from './view.js'

/** What the parser makes of bytes, in the oracle's form. */
function outcome(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (error instanceof AttestationError) return error.code
    throw error
  }
}

const EDGES = [0, 1, 2, 4, 5, 6, 0x7f, 0x80, 0x81, 0xff]
const value = fc.oneof(fc.constantFrom(...EDGES), fc.nat(255))
/** A byte to set: anywhere, or where structure is dense, counted from either end of the quote. */
const mutation = fc.record({
  at: fc.oneof(
    fc.nat(60),
    fc.integer({ min: 48, max: 1340 }),
    fc.integer({ min: -120, max: -1 }),
    fc.nat(6000),
  ),
  value,
})

function mutate(
  bytes: Uint8Array,
  mutations: readonly { at: number; value: number }[],
  cut: number,
) {
  const copy = bytes.slice(0, Math.max(0, bytes.length - cut))
  for (const { at, value } of mutations) {
    const index = at < 0 ? copy.length + at : at
    if (index >= 0 && index < copy.length) copy[index] = value
  }
  return copy
}

const chain = fc
  .tuple(
    fc.array(fc.nat(90), { maxLength: 9 }),
    fc.constantFrom('\n', '\r\n', ''),
    fc.constantFrom('', '\0', '\n'),
  )
  .map(([lengths, lineEnd, last]) =>
    pemChain(
      lengths.map((length) => noise(length + 1, length)),
      lineEnd,
      last,
    ),
  )
const certification = fc.oneof(
  fc.record({ pckType: fc.constant(5), pckData: chain }),
  fc.record({ pckType: fc.constantFrom(1, 2, 3, 4) }),
  fc.record({
    pckType: fc.nat(7),
    pckData: fc.constantFrom(0, 36, 276, 404).map((n) => noise(n, n)),
  }),
)
const quote = fc
  .record({
    version: fc.constantFrom(4, 5),
    bodyType: fc.constantFrom(2, 3, 4),
    qeAuthData: fc.oneof(fc.constant(32), fc.nat(70)).map((length) => noise(length, length)),
    certification,
    trailing: fc.oneof(fc.constant(0), fc.nat(100)).map((length) => noise(length, length)),
  })
  .map(({ certification, bodyType, ...rest }) =>
    mintQuote({ ...rest, ...certification, bodyType: rest.version === 4 ? 2 : bodyType }),
  )

t.test('differential: quotes', async (t) => {
  let accepted = 0
  fc.assert(
    fc.property(
      quote,
      fc.array(mutation, { maxLength: 2 }),
      fc.oneof(fc.constant(0), fc.nat(5000)),
      (minted, mutations, cut) => {
        const bytes = mutate(minted, mutations, cut)
        const expected = readQuote(bytes)
        if (typeof expected !== 'string') accepted++
        deepStrictEqual(
          outcome(() => quoteReading(parseTdxQuote(bytes))),
          expected,
        )
      },
    ),
    { numRuns: 3_000 },
  )
  t.ok(accepted > 300, `${accepted} of them sound`)
})

/** Where a quote declares a length: body, signature data, certification data, PCK data. */
function lengthsOf(quote: Uint8Array): number[] {
  const view = new DataView(quote.buffer)
  const size = view.getUint16(0, true) === 4 ? 632 : 54 + view.getUint32(50, true)
  const data = size + 4
  return [50, size, data + 130, data + 586 + view.getUint16(data + 582, true)]
}

t.test('differential: quotes with one declared length changed', async (t) => {
  const deltas = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer())
  let accepted = 0
  fc.assert(
    fc.property(quote, fc.nat(3), deltas, (minted, which, delta) => {
      const bytes = minted.slice()
      const view = new DataView(bytes.buffer)
      const at = lengthsOf(bytes)[which] as number
      view.setUint32(at, view.getUint32(at, true) + delta, true)
      const expected = readQuote(bytes)
      if (typeof expected !== 'string') accepted++
      deepStrictEqual(
        outcome(() => quoteReading(parseTdxQuote(bytes))),
        expected,
      )
    }),
    { numRuns: 2_000 },
  )
  t.ok(accepted < 600, `${accepted} of them sound`)
})

t.test('differential: TDREPORTs', async (t) => {
  let accepted = 0
  const byte = fc.record({ at: fc.oneof(fc.nat(3), fc.nat(1100)), value })
  fc.assert(
    fc.property(
      fc.nat(2),
      fc.array(byte, { maxLength: 2 }),
      fc.boolean(),
      (version, mutations, rehash) => {
        const mutated = mutate(mintTdReport(version), mutations, 0)
        const bytes = rehash ? hashed(mutated) : mutated
        const expected = readTdReport(bytes)
        if (typeof expected !== 'string') accepted++
        deepStrictEqual(
          outcome(() => tdReportReading(parseTdReport(bytes))),
          expected,
        )
      },
    ),
    { numRuns: 2_000 },
  )
  t.ok(accepted > 200, `${accepted} of them sound`)
})

// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check'
import t from 'tap'
import * as protocol from '../../assembly/protocol.js'
import { Status } from '../../assembly/status.js'
import { type Claim, encodeClaims } from '../../src/core/claims.js'
import { core } from '../../src/core/core.js'
import { reportDataFromClaims } from '../../src/core/report-data.js'
import { AttestationError, type Code } from '../../src/errors.js'
import { hex, throwsCode } from '../helpers.js'
import * as oracle from '../oracle/report-data.js'

const count = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at)
const nonce = count(64)
const spki = Uint8Array.of(0x30, ...count(90))
/** More than the input window takes. */
const huge = new Uint8Array(0x20001)

/** Every claim, each with a value that its tag allows. */
const all: readonly Claim[] = [
  { tag: 1, value: nonce },
  { tag: 2, value: spki },
  { tag: 3, value: count(34) },
  { tag: 4, value: count(48) },
  { tag: 5, value: count(64) },
]

const CODES: Partial<Record<Status, Code>> = {
  [Status.ClaimUnknown]: 'ERR_CLAIM_UNKNOWN',
  [Status.ClaimOrder]: 'ERR_CLAIM_ORDER',
  [Status.ClaimDuplicate]: 'ERR_CLAIM_ORDER',
  [Status.ClaimLength]: 'ERR_CLAIM_LENGTH',
  [Status.TlsKeyEmpty]: 'ERR_CLAIM_LENGTH',
  [Status.ClaimNonce]: 'ERR_CLAIM_NONCE',
}

/** What the core itself says of these claims: status and offset. */
function verdict(claims: Uint8Array): readonly [Status, number] {
  const c = core()
  c.input.fill(0xff)
  c.input.set(claims, protocol.CLAIMS_AT)
  return [c.x.packBound(claims.length), c.rows[0] as number]
}

t.test('claims: encoded as the oracle encodes them', async (t) => {
  t.equal(hex(encodeClaims(all)), oracle.encode(all).toString('hex'))
  t.equal(hex(encodeClaims([])), '')
  for (const tag of [-1, 256, 257, 1.5, Number.NaN, '1' as never, 1n as never]) {
    throwsCode(t, () => encodeClaims([{ tag, value: nonce }]), 'ERR_CLAIM_UNKNOWN', `tag ${tag}`)
  }
  throwsCode(t, () => encodeClaims([{ tag: 1, value: 'x' as never }]), 'ERR_ARGUMENT')
  throwsCode(t, () => reportDataFromClaims(all as never), 'ERR_ARGUMENT')
})

t.test('claims: as many bytes as the window takes, and one more', async (t) => {
  const room = 0x20000 - protocol.CLAIMS_AT
  const filled = (length: number) =>
    encodeClaims([
      { tag: 1, value: nonce },
      { tag: 2, value: huge.slice(0, length - 2 * protocol.CLAIM_VALUE_AT - nonce.length) },
    ])
  t.equal(hex(reportDataFromClaims(filled(room))), oracle.bound(filled(room)).toString('hex'))
  throwsCode(t, () => reportDataFromClaims(filled(room + 1)), 'ERR_REPORT_DATA_LENGTH')
})

t.test('claims: each violation has its status, and its offset from the first claim', async (t) => {
  const [first, key, kem, gpu, user] = all as [Claim, Claim, Claim, Claim, Claim]
  const second = 5 + nonce.length
  const cases: readonly [string, readonly Claim[], Status, number][] = [
    ['a tag of zero', [first, { tag: 0, value: spki }], Status.ClaimUnknown, second],
    ['a tag of six', [first, { tag: 6, value: spki }], Status.ClaimUnknown, second],
    ['a tag of 255', [{ tag: 255, value: spki }], Status.ClaimUnknown, 0],
    ['out of order', [key, first], Status.ClaimOrder, 5 + spki.length],
    ['out of order at the end', [first, gpu, kem], Status.ClaimOrder, second + 53],
    ['a claim twice', [first, first], Status.ClaimDuplicate, second],
    ['a later claim twice', [first, user, user], Status.ClaimDuplicate, second + 69],
    ['a short nonce', [{ tag: 1, value: count(31) }], Status.ClaimLength, 1],
    ['a long nonce', [{ tag: 1, value: count(65) }], Status.ClaimLength, 1],
    ['an empty key', [first, { tag: 2, value: count(0) }], Status.TlsKeyEmpty, second + 1],
    ['a short HPKE key', [first, { tag: 3, value: count(2) }], Status.ClaimLength, second + 1],
    ['a short G', [first, { tag: 4, value: count(47) }], Status.ClaimLength, second + 1],
    ['a long G', [first, { tag: 4, value: count(49) }], Status.ClaimLength, second + 1],
    ['short user data', [first, { tag: 5, value: count(63) }], Status.ClaimLength, second + 1],
    ['long user data', [first, { tag: 5, value: count(65) }], Status.ClaimLength, second + 1],
    ['no nonce', [key, kem, gpu, user], Status.ClaimNonce, 0],
    ['no claim', [], Status.ClaimNonce, 0],
  ]
  for (const [title, claims, status, at] of cases) {
    const encoded = encodeClaims(claims)
    t.strictSame(verdict(encoded), [status, at], title)
    throwsCode(t, () => reportDataFromClaims(encoded), CODES[status] as Code)
  }
})

t.test('claims: every truncation is refused', async (t) => {
  const encoded = encodeClaims(all)
  const ends = new Set<number>()
  for (let at = 0, row = 0; row < all.length; row++) {
    at += 5 + (all[row] as Claim).value.length
    ends.add(at)
  }
  for (let length = 1; length < encoded.length; length++) {
    const [status] = verdict(encoded.subarray(0, length))
    t.equal(status, ends.has(length) ? Status.Ok : Status.ClaimTruncated, `${length} bytes`)
  }
})

t.test('claims: a declared length that overflows is refused', async (t) => {
  const encoded = encodeClaims(all.slice(0, 2))
  for (const declared of [0xffffffff, 0xfffffffb, 0x80000000, 0x7fffffff, spki.length + 1]) {
    new DataView(encoded.buffer).setUint32(5 + nonce.length + 1, declared)
    t.strictSame(verdict(encoded), [Status.ClaimTruncated, 5 + nonce.length + 1], `${declared}`)
    throwsCode(t, () => reportDataFromClaims(encoded), 'ERR_CLAIM_LENGTH')
  }
})

t.test('claims: any bytes are judged as the oracle judges them', async (t) => {
  const claim = fc.record({
    tag: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.nat(255)),
    value: fc.oneof(
      fc.constantFrom(0, 1, 2, 3, 31, 32, 47, 48, 49, 63, 64, 65).map(count),
      fc.uint8Array({ maxLength: 80 }),
    ),
  })
  const encoded = fc
    .oneof(fc.array(claim, { maxLength: 6 }), fc.subarray([...all], { minLength: 1 }))
    .map((claims) => oracle.encode(claims))
  const mutated = fc.tuple(encoded, fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
    if (bytes.length > 0) bytes[at % bytes.length] = value
    return bytes
  })
  const seen = new Set<Code | null>()
  fc.assert(
    fc.property(fc.oneof(encoded, mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const expected = oracle.refusal(bytes)
      seen.add(expected)
      try {
        return oracle.bound(bytes).equals(reportDataFromClaims(bytes)) && expected === null
      } catch (error) {
        return error instanceof AttestationError && error.code === expected
      }
    }),
    { numRuns: 3000 },
  )
  t.equal(seen.size, 5, 'accepted, and refused for every reason')
})

// SPDX-License-Identifier: Apache-2.0
// Expected values that are written out were computed with Python's hashlib.

import fc from 'fast-check'
import t from 'tap'
import type { BoundClaims, Claim } from '../../src/core/claims.js'
import {
  reportDataBatch,
  reportDataBound,
  reportDataRaw,
  reportDataTls,
} from '../../src/core/report-data.js'
import type { Code } from '../../src/errors.js'
import { hex, throwsCode } from '../helpers.js'
import * as oracle from '../oracle/report-data.js'

const count = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at)
const nonce = count(64)
const spki = Uint8Array.of(0x30, ...count(90))
const hpke = Uint8Array.of(0x00, 0x20, ...new Uint8Array(32))
const gpuDigest = Uint8Array.from(
  Buffer.from(
    'e3fd8fb07078efd5966d5ac81f7126bec3863620ef9a81fceec6a87a8a2703c374595dee778a7bad7bb454b0f1ddff3d',
    'hex',
  ),
)
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
/** More than the input window takes. */
const huge = new Uint8Array(0x20001)

t.test('raw: the nonce, verbatim, as a copy', async (t) => {
  const own = nonce.slice()
  const reportData = reportDataRaw(own)
  own.fill(0xee)
  t.equal(hex(reportData), hex(nonce))
  reportDataRaw(own)
  t.equal(hex(reportData), hex(nonce), 'a later call does not reach it')
  t.equal(hex(reportDataRaw(Buffer.from(nonce).subarray())), hex(nonce), 'a Buffer is bytes too')
})

t.test('raw: every other length is refused', async (t) => {
  for (let length = 0; length <= 200; length++) {
    if (length === 64) continue
    throwsCode(t, () => reportDataRaw(count(length)), 'ERR_REPORT_DATA_LENGTH', `${length} bytes`)
  }
  throwsCode(t, () => reportDataRaw(huge), 'ERR_REPORT_DATA_LENGTH')
})

t.test('raw: what is not bytes is refused, not taken as zeros', async (t) => {
  for (const value of ['x'.repeat(64), Array.from(nonce), null, undefined, nonce.buffer, 64]) {
    throwsCode(t, () => reportDataRaw(value as never), 'ERR_ARGUMENT')
  }
})

t.test('TLS: SHA-512 of key and nonce', async (t) => {
  t.equal(
    hex(reportDataTls(spki, nonce)),
    'ab1b03daee1ed3db8cdbf7dd70f4686c2a34bd220d49c8fcdaad15f820093eda5d75a1da7853d9c400c88b13ec6488f5e427e64eefde5f8e1205fae4275df044',
  )
})

t.test('TLS: agrees with the oracle for every key length', async (t) => {
  const bytes = Uint8Array.from({ length: 700 }, (_, at) => at * 7)
  const differing: number[] = []
  for (let length = 1; length <= bytes.length; length++) {
    const key = bytes.subarray(0, length)
    if (hex(reportDataTls(key, nonce)) !== oracle.tls(key, nonce).toString('hex')) {
      differing.push(length)
    }
  }
  t.strictSame(differing, [])
  const largest = huge.slice(0, 0x20000 - 64)
  t.equal(hex(reportDataTls(largest, nonce)), oracle.tls(largest, nonce).toString('hex'))
})

t.test('TLS: an empty key, another nonce length, too many bytes are refused', async (t) => {
  throwsCode(t, () => reportDataTls(new Uint8Array(), nonce), 'ERR_CLAIM_LENGTH')
  throwsCode(t, () => reportDataTls(spki, count(63)), 'ERR_REPORT_DATA_LENGTH')
  throwsCode(t, () => reportDataTls(spki, count(65)), 'ERR_REPORT_DATA_LENGTH')
  throwsCode(t, () => reportDataTls(spki, new Uint8Array()), 'ERR_REPORT_DATA_LENGTH')
  throwsCode(t, () => reportDataTls(huge.subarray(64), nonce), 'ERR_REPORT_DATA_LENGTH')
  throwsCode(t, () => reportDataTls('key' as never, nonce), 'ERR_ARGUMENT')
  throwsCode(t, () => reportDataTls(spki, 'nonce' as never), 'ERR_ARGUMENT')
})

t.test('bound: SHA-512 of the transcript', async (t) => {
  t.equal(
    hex(reportDataBound({ nonce: count(32) })),
    'c13e4adf2f01127c3214b51bd823c67a2e6699e1411240d7f82c39563ef0922cd3cabdde281e435ae4e27d653afb15b6d124fce27f011c627f19e2fd60281a0f',
  )
  const claims = { nonce, tlsSpki: spki, hpke, gpuDigest, userData: text('hello') }
  const full =
    '109c11dfecd58b9145e8000cd8d5fdcafb8a9661d53e1a0be33a7f22a7ad7b1785ae81e6a48404a9885f53e329bf8eac699aac073a6910e3c0bf50a5f2504dbd'
  t.equal(hex(reportDataBound(claims)), full)
  const { userData, gpuDigest: digest, hpke: key, tlsSpki, nonce: first } = claims
  t.equal(
    hex(reportDataBound({ userData, gpuDigest: digest, hpke: key, tlsSpki, nonce: first })),
    full,
  )
})

t.test('bound: every choice of claims agrees with the oracle', async (t) => {
  const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max })
  fc.assert(
    fc.property(
      fc.record(
        {
          nonce: bytes(32, 64),
          tlsSpki: bytes(1, 600),
          hpke: bytes(3, 1300),
          gpuDigest: bytes(48, 48),
          userData: bytes(0, 4096),
        },
        { requiredKeys: ['nonce'] },
      ),
      (claims: BoundClaims) => {
        const list: Claim[] = [{ tag: 1, value: claims.nonce }]
        if (claims.tlsSpki) list.push({ tag: 2, value: claims.tlsSpki })
        if (claims.hpke) list.push({ tag: 3, value: claims.hpke })
        if (claims.gpuDigest) list.push({ tag: 4, value: claims.gpuDigest })
        if (claims.userData) list.push({ tag: 5, value: oracle.userData(claims.userData) })
        const expected = oracle.bound(oracle.encode(list))
        return expected.equals(reportDataBound(claims))
      },
    ),
  )
  t.pass('no counterexample')
})

t.test('bound: no two different claims share REPORT_DATA', async (t) => {
  const one = (claims: Partial<BoundClaims>): string => hex(reportDataBound({ nonce, ...claims }))
  const own = [
    one({}),
    one({ tlsSpki: spki }),
    one({ hpke: spki }),
    one({ userData: new Uint8Array() }),
    one({ userData: text('a') }),
    one({ gpuDigest }),
    one({ nonce: count(63) }),
    hex(reportDataTls(spki, nonce)),
  ]
  t.equal(new Set(own).size, own.length)
})

t.test('bound: refusals of the typed form', async (t) => {
  const refused = (claims: unknown, code: Code, title: string) =>
    throwsCode(t, () => reportDataBound(claims as BoundClaims), code, title)
  refused({}, 'ERR_CLAIM_NONCE', 'no nonce')
  refused({ tlsSpki: spki }, 'ERR_CLAIM_NONCE', 'a key without a nonce')
  refused({ nonce: count(31) }, 'ERR_CLAIM_LENGTH', 'a short nonce')
  refused({ nonce: count(65) }, 'ERR_CLAIM_LENGTH', 'a long nonce')
  refused({ nonce, tlsSpki: new Uint8Array() }, 'ERR_CLAIM_LENGTH', 'an empty key')
  refused({ nonce, hpke: count(2) }, 'ERR_CLAIM_LENGTH', 'a KEM id without a key')
  refused({ nonce, gpuDigest: count(47) }, 'ERR_CLAIM_LENGTH', 'a short G')
  refused({ nonce, userData: count(4097) }, 'ERR_CLAIM_LENGTH', 'long user data')
  refused({ nonce, userData: 'text' }, 'ERR_ARGUMENT', 'user data that is no bytes')
  refused({ nonce, hpke: null }, 'ERR_ARGUMENT', 'null is not absence')
  refused({ nonce, tlsSPKI: spki }, 'ERR_ARGUMENT', 'a misspelt claim')
  refused({ nonce, tlsSpki: huge }, 'ERR_REPORT_DATA_LENGTH', 'more than the core takes')
  t.ok(reportDataBound({ nonce, userData: count(4096) }))
})

t.test('batch: the mark, the size, the root', async (t) => {
  for (const size of [1, 2, 255, 256, 65535, 65536]) {
    t.equal(hex(reportDataBatch(size, gpuDigest)), oracle.batch(size, gpuDigest).toString('hex'))
  }
  for (const size of [0, 65537, 0xffffffff]) {
    throwsCode(t, () => reportDataBatch(size, gpuDigest), 'ERR_MERKLE_INDEX', `size ${size}`)
  }
  for (const size of [-1, 1.5, Number.NaN, 2 ** 32 + 1, '1' as never, null as never, 1n as never]) {
    throwsCode(t, () => reportDataBatch(size, gpuDigest), 'ERR_ARGUMENT', `size ${size}`)
  }
  for (const length of [0, 47, 49, 64]) {
    throwsCode(t, () => reportDataBatch(1, count(length)), 'ERR_REPORT_DATA_LENGTH')
  }
  throwsCode(t, () => reportDataBatch(1, huge), 'ERR_REPORT_DATA_LENGTH')
  throwsCode(t, () => reportDataBatch(1, 'root' as never), 'ERR_ARGUMENT')
})

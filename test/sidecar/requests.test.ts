// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import type { Code } from '../../src/errors.js'
import { parseEvidenceRequest, parseQuoteRequest } from '../../src/sidecar/requests.js'
import { pattern } from '../fake/nvidia.js'
import { throwsCode } from '../helpers.js'

const base64 = (length: number) => Buffer.from(pattern(length, 7)).toString('base64')
const body = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const NONCE = base64(64)

/** One bit of the last character is not part of the 64 bytes. */
const STRAY_BIT = `${NONCE.slice(0, 85)}${NONCE[85] === 'A' ? 'B' : 'x'}==`

const NONCE_CASES: readonly [string, unknown][] = [
  ['missing', {}],
  ['no string', { nonce: 64 }],
  ['63 bytes', { nonce: base64(63) }],
  ['65 bytes', { nonce: base64(65) }],
  ['empty', { nonce: '' }],
  ['without padding', { nonce: NONCE.slice(0, -2) }],
  ['with a new line', { nonce: `${NONCE.slice(0, 40)}\n${NONCE.slice(40)}` }],
  ['URL alphabet', { nonce: NONCE.replaceAll('+', '-').replaceAll('/', '_').replace(/^./, '-') }],
  ['stray bits', { nonce: STRAY_BIT }],
  ['two of them', { nonce: NONCE + NONCE }],
]
const BODY_CASES: readonly [string, string][] = [
  ['empty', ''],
  ['not JSON', '{'],
  ['a list', '[]'],
  ['a string', '"nonce"'],
  ['null', 'null'],
  ['something behind it', `{"nonce":"${NONCE}"} {}`],
]

t.test('requests: /quote reads what AEP-83 sends', async (t) => {
  t.same(parseQuoteRequest(body({ nonce: NONCE })), { nonce: pattern(64, 7), bindTls: false })
  t.same(parseQuoteRequest(body({ nonce: NONCE, bind_tls: true })).bindTls, true)
})

t.test('requests: /quote takes names in either case, null and strangers, as Go does', async (t) => {
  t.same(parseQuoteRequest(body({ Nonce: NONCE, BIND_TLS: true })).bindTls, true)
  t.same(parseQuoteRequest(body({ nonce: NONCE, bind_tls: null })).bindTls, false)
  t.same(parseQuoteRequest(body({ nonce: NONCE, service: 'web', toString: 1 })).bindTls, false)
  const twice = `{"nonce":"AA==","nonce":"${NONCE}"}`
  t.same(parseQuoteRequest(body(twice)).nonce, pattern(64, 7), 'the last one counts')
})

t.test('requests: /quote guesses nothing', async (t) => {
  const two = { nonce: NONCE, bind_tls: true, BIND_TLS: false }
  throwsCode(t, () => parseQuoteRequest(body(two)), 'ERR_REQUEST_FIELD')
  for (const value of ['true', 1, {}]) {
    const request = { nonce: NONCE, bind_tls: value }
    throwsCode(t, () => parseQuoteRequest(body(request)), 'ERR_REQUEST_FIELD')
  }
})

t.test('requests: nonces of /quote', async (t) => {
  for (const [title, request] of NONCE_CASES) {
    throwsCode(t, () => parseQuoteRequest(body(request)), 'ERR_REQUEST_NONCE', title)
  }
  throwsCode(t, () => parseQuoteRequest(body({ nonce: base64(32) })), 'ERR_REQUEST_NONCE')
})

t.test('requests: nonces of /v1/evidence', async (t) => {
  for (const length of [32, 33, 48, 63, 64]) {
    const { nonce } = parseEvidenceRequest(body({ nonce: base64(length) }))
    t.same(nonce, pattern(length, 7))
  }
  for (const [title, request] of NONCE_CASES.filter(([title]) => title !== '63 bytes')) {
    throwsCode(t, () => parseEvidenceRequest(body(request)), 'ERR_REQUEST_NONCE', title)
  }
  throwsCode(t, () => parseEvidenceRequest(body({ nonce: base64(31) })), 'ERR_REQUEST_NONCE')
})

t.test('requests: bodies that are none', async (t) => {
  for (const [title, text] of BODY_CASES) {
    throwsCode(t, () => parseQuoteRequest(body(text)), 'ERR_REQUEST_BODY', title)
    throwsCode(t, () => parseEvidenceRequest(body(text)), 'ERR_REQUEST_BODY', title)
  }
  const latin1 = Buffer.from(`{"nonce":"${NONCE}","x\xe9":1}`, 'latin1')
  throwsCode(t, () => parseEvidenceRequest(latin1), 'ERR_REQUEST_BODY')
})

t.test('requests: /v1/evidence, everything at its default and everything said', async (t) => {
  t.same(parseEvidenceRequest(body({ nonce: NONCE })), {
    nonce: pattern(64, 7),
    tls: false,
    hpke: false,
    userData: null,
    endorsements: true,
    batch: false,
  })
  const request = {
    nonce: NONCE,
    bind: ['hpke', 'tls'],
    user_data: base64(4096),
    endorsements: false,
    batch: true,
  }
  t.same(parseEvidenceRequest(body(request)), {
    nonce: pattern(64, 7),
    tls: true,
    hpke: true,
    userData: pattern(4096, 7),
    endorsements: false,
    batch: true,
  })
  const empty = parseEvidenceRequest(body({ nonce: NONCE, user_data: '' }))
  t.equal(empty.userData?.length, 0, 'empty data is data')
})

t.test('requests: /v1/evidence refuses what it does not know', async (t) => {
  const cases: readonly [unknown, Code][] = [
    [{ nonce: NONCE, Batch: true }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, bind_tls: true }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, batch: 1 }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, batch: null }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, endorsements: 'no' }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, bind: 'tls' }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, bind: ['tls', 'tls'] }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, bind: ['TLS'] }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, bind: [null] }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, user_data: 'x' }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, user_data: {} }, 'ERR_REQUEST_FIELD'],
    [{ nonce: NONCE, user_data: base64(4097) }, 'ERR_REQUEST_FIELD'],
    [`{"nonce":"${NONCE}","nonce":"${NONCE}"}`, 'ERR_REQUEST_BODY'],
  ]
  for (const [request, code] of cases) {
    throwsCode(
      t,
      () => parseEvidenceRequest(body(request)),
      code,
      JSON.stringify(request).slice(0, 60),
    )
  }
})

t.test('requests: a name of the caller is quoted in one line, and cut', async (t) => {
  const name = `a\n${'b'.repeat(100)}`
  const line = throwsCode(
    t,
    () => parseEvidenceRequest(body({ nonce: NONCE, [name]: 1 })),
    'ERR_REQUEST_FIELD',
  )
  t.notMatch(line, /\n/)
  t.ok(line.length < 80)
})

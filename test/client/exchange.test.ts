// SPDX-License-Identifier: Apache-2.0
// What every call of the client does with what comes back, and with what does not.

import t from 'tap'
import {
  type AttesterStatus,
  attesterStatus,
  fetchInfo,
  fetchQuote,
  type Transport,
} from '../../src/client/index.js'
import { AttestationError } from '../../src/errors.js'
import { LIMITS } from '../../src/protocol.js'
import { QUOTE } from '../evidence/documents.js'
import { pattern } from '../fake/nvidia.js'
import { rejectsCode } from '../helpers.js'
import { type Canned, canned } from './canned.js'

const BASE = { url: 'https://sidecar.example', nonce: pattern(64, 1) }
const ask = (answer: Canned) => fetchQuote({ ...BASE, transport: canned(answer).transport })

t.test('answer: JSON by its media type, with or without parameters', async (t) => {
  for (const type of ['application/json', 'Application/JSON ; charset=utf-8']) {
    t.ok(await ask({ body: QUOTE, headers: { 'content-type': type } }), type)
  }
  for (const headers of [
    {},
    { 'content-type': 'text/html' },
    { 'content-type': 'application/json5' },
    { 'content-type': 'application/problem+json' },
  ]) {
    await rejectsCode(t, ask({ body: QUOTE, headers }), 'ERR_ATTESTER_ANSWER')
  }
})

t.test('answer: JSON with one reading', async (t) => {
  const twice = `{"report":"AA==",${JSON.stringify(QUOTE).slice(1)}`
  const invalid = Buffer.from(JSON.stringify({ ...QUOTE, x: '@' }))
  invalid[invalid.indexOf('@')] = 0xff
  for (const body of ['', '{', twice, invalid, '['.repeat(1_000_000)]) {
    await rejectsCode(t, ask({ body }), 'ERR_ATTESTER_ANSWER')
  }
})

t.test('answer: in as many chunks as it likes, up to the limit and no further', async (t) => {
  const text = JSON.stringify(QUOTE)
  async function* bytewise() {
    for (const char of text) yield Buffer.from(char)
  }
  t.ok(await ask({ body: bytewise() }))
  t.ok(await ask({ body: text.padEnd(LIMITS.document) }), 'the largest')
  await rejectsCode(t, ask({ body: text.padEnd(LIMITS.document + 1) }), 'ERR_ATTESTER_ANSWER')
  let given = 0
  let closed = false
  async function* endless() {
    try {
      for (;;) {
        given += 0x10000
        yield new Uint8Array(0x10000).fill(0x20)
      }
    } finally {
      closed = true
    }
  }
  await rejectsCode(t, ask({ body: endless() }), 'ERR_ATTESTER_ANSWER')
  t.equal(given, LIMITS.document + 0x10000, 'no more is read than decides it')
  t.ok(closed, 'and the connection is given up')
})

t.test('status: 4xx is about the request, the rest about the moment', async (t) => {
  for (const [status, code] of [
    [400, 'ERR_ATTESTER_REFUSED'],
    [401, 'ERR_ATTESTER_REFUSED'],
    [403, 'ERR_ATTESTER_REFUSED'],
    [404, 'ERR_ATTESTER_REFUSED'],
    [405, 'ERR_ATTESTER_REFUSED'],
    [499, 'ERR_ATTESTER_REFUSED'],
    [408, 'ERR_ATTESTER_STATUS'],
    [425, 'ERR_ATTESTER_STATUS'],
    [429, 'ERR_ATTESTER_STATUS'],
    [500, 'ERR_ATTESTER_STATUS'],
    [503, 'ERR_ATTESTER_STATUS'],
    [201, 'ERR_ATTESTER_STATUS'],
    [204, 'ERR_ATTESTER_STATUS'],
    [302, 'ERR_ATTESTER_STATUS'],
  ] as const) {
    await rejectsCode(t, ask({ status, body: QUOTE }), code, `${status}`)
  }
})

async function said(t: Tap, answer: Canned): Promise<[message: string, cause: unknown]> {
  const code = 'ERR_ATTESTER_STATUS'
  const error = await rejectsCode(t, ask({ status: 503, ...answer }), code)
  return [error?.message ?? '', error?.cause]
}
type Tap = Parameters<typeof rejectsCode>[0]

const PROBLEM = { 'content-type': 'application/problem+json' }
const TEXT = { 'content-type': 'text/plain; charset=utf-8' }

t.test('status: a problem document gives its code and its detail', async (t) => {
  const body = { type: 'about:blank', code: 'ERR_DEVICE_BUSY', detail: 'the queue is full' }
  const [message, cause] = await said(t, { headers: { ...PROBLEM, 'retry-after': '3' }, body })
  t.equal(message, 'the attester answered 503, ERR_DEVICE_BUSY, "the queue is full"')
  t.same(cause, { status: 503, problem: 'ERR_DEVICE_BUSY', retryAfter: 3 })
})

t.test('status: a problem document that is none says nothing', async (t) => {
  const nothing: AttesterStatus = { status: 503, problem: null, retryAfter: null }
  for (const body of [
    '{',
    'null',
    '[]',
    '1',
    { code: 7, detail: {} },
    { code: 'a b' },
    { code: 'x'.repeat(65) },
  ]) {
    const headers = { ...PROBLEM, 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }
    t.same(await said(t, { headers, body }), ['the attester answered 503', nothing])
  }
})

t.test('status: plain text of AEP-83 is quoted on one line', async (t) => {
  const [message] = await said(t, { headers: TEXT, body: 'failed to open\n/dev/sev-guest\n' })
  t.equal(message, 'the attester answered 503, "failed to open /dev/sev-guest"')
})

t.test('status: a stranger cannot steer the terminal, nor fill it', async (t) => {
  const evil = '\u001b]0;pwned\u0007"; rm\r\n\u202e\u009b31m'
  for (const [headers, body] of [
    [TEXT, evil],
    [PROBLEM, { detail: evil }],
  ] as const) {
    const [message] = await said(t, { headers, body })
    t.match(message, /^[ -~]+$/)
    t.equal(message.split('"').length, 3, 'the quotes around it are ours alone')
  }
  for (const [headers, body] of [
    [TEXT, 'x'.repeat(100_000)],
    [PROBLEM, { detail: 'x'.repeat(10_000) }],
  ] as const) {
    const [message] = await said(t, { headers, body })
    t.ok(message.length < 300, `${message.length}`)
  }
})

t.test('status: other media types are not quoted', async (t) => {
  const headers = { 'content-type': 'text/html' }
  t.equal((await said(t, { headers, body: '<h1>no</h1>' }))[0], 'the attester answered 503')
  t.equal((await said(t, { headers: {}, body: 'no' }))[0], 'the attester answered 503')
})

t.test('status: is told from other failures', async (t) => {
  t.equal(attesterStatus(new Error('x')), null)
  t.equal(attesterStatus(new AttestationError('ERR_ATTESTER_NETWORK', 'x')), null)
  const error = await rejectsCode(t, ask({ status: 404, body: '' }), 'ERR_ATTESTER_REFUSED')
  t.equal(attesterStatus(error)?.status, 404)
})

const failing =
  (error: unknown): Transport =>
  async () => {
    throw error
  }

t.test(
  'network: whatever a transport throws, with the system code where there is one',
  async (t) => {
    for (const [error, message] of [
      [new Error('x'), 'no answer from the attester'],
      [
        Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
        'no answer from the attester: ECONNREFUSED',
      ],
      [
        new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } }),
        'no answer from the attester: ENOTFOUND',
      ],
      [{ code: 'a\u001bb' }, 'no answer from the attester'],
      ['text', 'no answer from the attester'],
      [undefined, 'no answer from the attester'],
    ] as const) {
      const fetched = fetchQuote({ ...BASE, transport: failing(error) })
      t.equal((await rejectsCode(t, fetched, 'ERR_ATTESTER_NETWORK'))?.message, message)
    }
  },
)

t.test('network: a connection that breaks within the answer, or within an error', async (t) => {
  async function* broken() {
    yield Buffer.from('{')
    throw new Error('reset')
  }
  await rejectsCode(t, ask({ body: broken() }), 'ERR_ATTESTER_NETWORK')
  await rejectsCode(t, ask({ body: broken(), status: 500 }), 'ERR_ATTESTER_NETWORK')
})

const silent: Transport = () => new Promise(() => {})
const untilAborted: Transport = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))

t.test('timeout: a transport that never answers, and one that heeds its signal', async (t) => {
  for (const transport of [silent, untilAborted]) {
    const fetched = fetchQuote({ ...BASE, transport, timeoutMs: 1 })
    await rejectsCode(t, fetched, 'ERR_ATTESTER_TIMEOUT')
  }
})

t.test('timeout: a body that never ends', async (t) => {
  async function* stuck() {
    yield Buffer.from('{')
    await new Promise(() => {})
  }
  const { transport } = canned({ body: stuck() })
  await rejectsCode(
    t,
    fetchInfo({ url: BASE.url, transport, timeoutMs: 1 }),
    'ERR_ATTESTER_TIMEOUT',
  )
})

t.test('abort: rejects with the reason of the caller', async (t) => {
  const reason = new Error('enough')
  const controller = new AbortController()
  const fetched = fetchQuote({ ...BASE, transport: untilAborted, signal: controller.signal })
  controller.abort(reason)
  await t.rejects(fetched, reason)
  const { transport, asked } = canned({ body: QUOTE })
  await t.rejects(fetchQuote({ ...BASE, transport, signal: AbortSignal.abort(reason) }), reason)
  t.same(asked, [], 'aborted before: nobody is asked')
  const late = new AbortController()
  t.ok(await fetchQuote({ ...BASE, transport, signal: late.signal }))
  late.abort(reason)
  t.equal(asked[0]?.signal.aborted, false, 'aborted after: nothing is left to abort')
})

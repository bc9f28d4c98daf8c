// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { type EvidenceOptions, fetchEvidence } from '../../src/client/index.js'
import { parseEvidence } from '../../src/evidence.js'
import type { EvidenceAnswer } from '../../src/protocol.js'
import { QUOTE, V1, V1_LEAST } from '../evidence/documents.js'
import { base64 } from '../fake/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { rejectsCode } from '../helpers.js'
import { canned } from './canned.js'

const NONCE = pattern(32, 1)
const USER_DATA = pattern(100, 8)
const { batch, ...BOUND } = V1
const BASE = { url: 'https://sidecar.example:8790', nonce: NONCE }
const FULL = { ...BASE, bind: ['tls', 'hpke'] as const, userData: USER_DATA }

t.test('fetchEvidence: asks as the protocol says', async (t) => {
  const { transport, asked } = canned({ body: V1_LEAST })
  await fetchEvidence({ ...BASE, transport, headers: { 'X-Trace': 'abc', Accept: 'x/y' } })
  const [request] = asked
  t.equal(request?.method, 'POST')
  t.equal(request?.url.href, 'https://sidecar.example:8790/v1/evidence')
  t.same(request?.headers, {
    'x-trace': 'abc',
    accept: 'application/json, application/problem+json',
    'content-type': 'application/json',
  })
  t.same(JSON.parse(request?.body ?? ''), {
    nonce: base64(NONCE),
    bind: [],
    endorsements: true,
    batch: false,
  })
})

t.test('fetchEvidence: asks for everything that it can', async (t) => {
  const { transport, asked } = canned({ body: V1 })
  const bind = ['hpke', 'tls'] as const
  await fetchEvidence({ ...FULL, bind, transport, batch: true, endorsements: false })
  t.same(JSON.parse(asked[0]?.body ?? ''), {
    nonce: base64(NONCE),
    bind: ['tls', 'hpke'],
    user_data: base64(USER_DATA),
    endorsements: false,
    batch: true,
  })
})

t.test(
  'fetchEvidence: gives the answer as it came, decoded, and whose key carried it',
  async (t) => {
    const peerSpki = pattern(120, 9)
    const { transport } = canned({ body: BOUND, peerSpki })
    t.same(await fetchEvidence({ ...FULL, transport }), {
      answer: BOUND,
      evidence: parseEvidence(JSON.stringify(BOUND)),
      channelSpki: peerSpki,
    })
  },
)

t.test('fetchEvidence: an answer to another question is none', async (t) => {
  const bare = { ...BOUND, claims: {} }
  const cases: [string, Partial<EvidenceOptions>, unknown][] = [
    ['AEP-83', {}, QUOTE],
    ['not batched', { ...FULL, batch: true }, BOUND],
    ['batched unasked', FULL, V1],
    ['no TLS key', { bind: ['tls'] }, bare],
    ['no HPKE key', { bind: ['hpke'] }, bare],
    ['a TLS key unasked', { bind: ['hpke'], userData: USER_DATA }, BOUND],
    ['an HPKE key unasked', { bind: ['tls'], userData: USER_DATA }, BOUND],
    ['no user data', { userData: USER_DATA }, bare],
    ['no user data, even empty', { userData: new Uint8Array() }, bare],
    ['user data unasked', { bind: ['tls', 'hpke'] }, BOUND],
    ['other user data', { ...FULL, userData: pattern(100, 9) }, BOUND],
  ]
  for (const [title, options, body] of cases) {
    const { transport } = canned({ body })
    const fetched = fetchEvidence({ ...BASE, ...options, transport })
    await rejectsCode(t, fetched, 'ERR_ATTESTER_ANSWER', title)
  }
  const empty: EvidenceAnswer = { ...BOUND, claims: { user_data: '' } }
  const { transport } = canned({ body: empty })
  t.ok(await fetchEvidence({ ...BASE, userData: new Uint8Array(), transport }))
})

t.test('fetchEvidence: an answer that is malformed is the evidence that is bad', async (t) => {
  for (const body of [{}, [], { ...BOUND, verdict: 'ok' }, { ...BOUND, report: '' }]) {
    const { transport } = canned({ body })
    await rejectsCode(t, fetchEvidence({ ...BASE, transport }), 'ERR_EVIDENCE_FORMAT')
  }
})

t.test('fetchEvidence: a wrong call asks nobody', async (t) => {
  const { transport, asked } = canned({ body: BOUND })
  const refused = (change: object, code: Parameters<typeof rejectsCode>[2], title: string) =>
    rejectsCode(t, fetchEvidence({ ...BASE, transport, ...change }), code, title)
  await refused({ nonce: pattern(31, 1) }, 'ERR_REPORT_DATA_LENGTH', 'short nonce')
  await refused({ nonce: pattern(65, 1) }, 'ERR_REPORT_DATA_LENGTH', 'long nonce')
  await refused({ nonce: 'x'.repeat(32) }, 'ERR_ARGUMENT', 'nonce of text')
  await refused({ bind: ['ssh'] }, 'ERR_ARGUMENT', 'unknown key')
  await refused({ bind: 'tls' }, 'ERR_ARGUMENT', 'no list')
  await refused({ userData: 'x' }, 'ERR_ARGUMENT', 'user data of text')
  await refused({ userData: pattern(4097, 1) }, 'ERR_CLAIM_LENGTH', 'too much user data')
  await refused({ batch: 'no' }, 'ERR_ARGUMENT', 'batch')
  await refused({ endorsements: 1 }, 'ERR_ARGUMENT', 'endorsements')
  await refused({ nonse: NONCE }, 'ERR_ARGUMENT', 'unknown option')
  await refused({ url: 'sidecar' }, 'ERR_ARGUMENT', 'no URL')
  await refused({ timeoutMs: 0 }, 'ERR_ARGUMENT', 'no time')
  await refused({ timeoutMs: 1.5 }, 'ERR_ARGUMENT', 'no whole time')
  await refused({ timeoutMs: 2 ** 31 }, 'ERR_ARGUMENT', 'more time than a timer has')
  await refused({ headers: { 'a b': 'x' } }, 'ERR_ARGUMENT', 'header name')
  await refused({ headers: { a: 'x\r\nb: y' } }, 'ERR_ARGUMENT', 'header value')
  t.same(asked, [])
})

t.test('fetchEvidence: takes the largest that it allows', async (t) => {
  const userData = pattern(4096, 1)
  const body = { ...BOUND, claims: { user_data: base64(userData) } }
  const { transport, asked } = canned({ body })
  t.ok(await fetchEvidence({ ...BASE, nonce: pattern(64, 1), userData, transport }))
  t.ok((asked[0]?.body?.length ?? 0) <= 8192, 'within the body limit of the sidecar')
})

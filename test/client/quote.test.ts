// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { fetchInfo, fetchQuote } from '../../src/client/index.js'
import { parseEvidence } from '../../src/evidence.js'
import { QUOTE, QUOTE_GPU, V1 } from '../evidence/documents.js'
import { base64 } from '../fake/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { rejectsCode } from '../helpers.js'
import { canned } from './canned.js'

const NONCE = pattern(64, 1)
const BASE = { url: 'https://sidecar.example:8790', nonce: NONCE }

t.test('fetchQuote: asks as AEP-83 does, raw and TLS', async (t) => {
  for (const [bindTls, body] of [
    [false, QUOTE],
    [true, QUOTE_GPU],
  ] as const) {
    const { transport, asked } = canned({ body })
    t.same(await fetchQuote({ ...BASE, bindTls, transport }), {
      answer: body,
      evidence: parseEvidence(JSON.stringify(body)),
      channelSpki: null,
    })
    t.equal(asked[0]?.url.href, 'https://sidecar.example:8790/quote')
    t.same(JSON.parse(asked[0]?.body ?? ''), { nonce: base64(NONCE), bind_tls: bindTls })
  }
})

t.test('fetchQuote: unknown members of the answer are kept, not read', async (t) => {
  const body = { ...QUOTE, added: [1] }
  const { transport } = canned({ body })
  t.same((await fetchQuote({ ...BASE, transport })).answer, body)
})

t.test('fetchQuote: another mode than asked for is no answer', async (t) => {
  for (const [bindTls, body] of [
    [true, QUOTE],
    [false, QUOTE_GPU],
    [false, V1],
  ] as const) {
    const { transport } = canned({ body })
    await rejectsCode(t, fetchQuote({ ...BASE, bindTls, transport }), 'ERR_ATTESTER_ANSWER')
  }
})

t.test('fetchQuote: a wrong call asks nobody', async (t) => {
  const { transport, asked } = canned({ body: QUOTE })
  const refused = (change: object, code: Parameters<typeof rejectsCode>[2]) =>
    rejectsCode(t, fetchQuote({ ...BASE, transport, ...change }), code)
  await refused({ nonce: pattern(63, 1) }, 'ERR_REPORT_DATA_LENGTH')
  await refused({ nonce: pattern(65, 1) }, 'ERR_REPORT_DATA_LENGTH')
  await refused({ bindTls: 'yes' }, 'ERR_ARGUMENT')
  await refused({ batch: true }, 'ERR_ARGUMENT')
  t.same(asked, [])
})

t.test('fetchQuote: a malformed answer is bad evidence', async (t) => {
  const { transport } = canned({ body: { ...QUOTE, tee_platform: 'snp-gpu' } })
  await rejectsCode(t, fetchQuote({ ...BASE, transport }), 'ERR_EVIDENCE_FORMAT')
})

const INFO = {
  tee_platform: 'snp-gpu',
  protocol_version: '4',
  gpu_available: true,
  tls_public_key: base64(pattern(120, 1)),
}

t.test('fetchInfo: reads what a sidecar says of itself', async (t) => {
  const { transport, asked } = canned({ body: { ...INFO, added: 1 }, peerSpki: pattern(120, 2) })
  t.same(await fetchInfo({ url: BASE.url, transport }), {
    platform: 'snp-gpu',
    protocolVersion: '4',
    gpuAvailable: true,
    tlsPublicKey: pattern(120, 1),
    channelSpki: pattern(120, 2),
  })
  const [request] = asked
  t.equal(request?.method, 'GET')
  t.equal(request?.url.href, 'https://sidecar.example:8790/info')
  t.equal(request?.body, null)
  t.notOk('content-type' in (request?.headers ?? {}))
})

t.test('fetchInfo: without tls_public_key there is none', async (t) => {
  const { tls_public_key, ...body } = INFO
  const { transport } = canned({ body })
  t.equal((await fetchInfo({ url: BASE.url, transport })).tlsPublicKey, null)
})

t.test('fetchInfo: without gpu_available there are none', async (t) => {
  const { gpu_available, ...body } = INFO
  const { transport } = canned({ body })
  t.equal((await fetchInfo({ url: BASE.url, transport })).gpuAvailable, false)
})

t.test('fetchInfo: anything else is no answer, and no option is passed over', async (t) => {
  for (const change of [
    { tee_platform: 'sev' },
    { protocol_version: 4 },
    { gpu_available: 'true' },
    { tls_public_key: '' },
    { tls_public_key: null },
  ]) {
    const { transport } = canned({ body: { ...INFO, ...change } })
    await rejectsCode(t, fetchInfo({ url: BASE.url, transport }), 'ERR_ATTESTER_ANSWER')
  }
  const { transport } = canned({ body: INFO })
  await rejectsCode(t, fetchInfo({ ...BASE, transport } as never), 'ERR_ARGUMENT')
})

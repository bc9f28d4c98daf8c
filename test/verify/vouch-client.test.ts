// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto'
import t from 'tap'
import { itaClient, itaGpuNonce, nrasClient } from '../../src/verify/vouch-client.js'
import { itaRequest, nrasRequest } from '../../src/verify/vouch-request.js'
import { VirtualClock } from '../fake/clock.js'
import { rejectsCode, throwsCode } from '../helpers.js'

interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

const NONCE = new Uint8Array(32).fill(7)
const GPU = {
  index: 0,
  evidence: new Uint8Array([1, 2]),
  certChain: new Uint8Array(Buffer.from('PEM')),
}
const SECRET = 'nvapi-very-secret'
const KEYS = { keys: [{ kty: 'EC', kid: 'a' }] }

/** A service that answers everything with the same, and what it was asked. */
function world(answer: unknown, status = 200) {
  const asked: Asked[] = []
  const clock = new VirtualClock(new Date('2026-10-01T00:00:00Z'))
  const { now, sleep } = clock
  const fetch = (async (url: string, { method, headers, body }: RequestInit) => {
    asked.push({ method, url, headers, body: body && JSON.parse(String(body)) } as Asked)
    return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer), { status })
  }) as typeof globalThis.fetch
  return { asked, options: { fetch, now, sleep } }
}

t.test('vouch-client: NVIDIA’s service', async (t) => {
  // A refusal comes with status 200 as well, and is an answer.
  const answer = [['JWT', 'a.b.c'], { 'GPU-0': 'd.e.f' }]
  const { asked, options } = world(answer)
  const client = nrasClient({ ...options, key: SECRET })
  t.same(await client.attest([GPU], NONCE, 'HOPPER'), answer)
  await client.attest([GPU], NONCE, 'LS10')
  const origin = 'https://nras.attestation.nvidia.com'
  const json = 'application/json'
  t.same(asked, [
    {
      method: 'POST',
      url: `${origin}/v4/attest/gpu`,
      headers: { accept: json, 'content-type': json, authorization: `Bearer ${SECRET}` },
      body: nrasRequest([GPU], NONCE, 'HOPPER'),
    },
    {
      method: 'POST',
      url: `${origin}/v4/attest/switch`,
      headers: { accept: json, 'content-type': json, authorization: `Bearer ${SECRET}` },
      body: nrasRequest([GPU], NONCE, 'LS10'),
    },
  ])
})

t.test('vouch-client: keys are asked for without a key', async (t) => {
  const { asked, options } = world(KEYS)
  t.same(await nrasClient({ ...options, key: SECRET }).keys(), KEYS)
  t.same(await itaClient({ ...options, key: SECRET }).keys(), KEYS)
  const regional = { apiUrl: 'https://api.eu.example', portalUrl: 'https://portal.eu.example/' }
  await itaClient({ ...options, ...regional, key: SECRET }).keys()
  await nrasClient({ ...options, baseUrl: 'http://127.0.0.1:8080/nras/' }).keys()
  t.same(
    asked.map(({ method, url }) => `${method} ${url}`),
    [
      'GET https://nras.attestation.nvidia.com/.well-known/jwks.json',
      'GET https://portal.trustauthority.intel.com/certs',
      'GET https://portal.eu.example/certs',
      'GET http://127.0.0.1:8080/nras/.well-known/jwks.json',
    ],
  )
  t.notMatch(JSON.stringify(asked), SECRET)
})

t.test('vouch-client: Intel’s service', async (t) => {
  const nonce = { val: 'AAE=', iat: 'AgM=', signature: 'BA==' }
  const { asked, options } = world(nonce)
  const client = itaClient({ ...options, key: SECRET })
  t.same(await client.nonce(), nonce)
  const gpuNonce = await itaGpuNonce(nonce)
  t.same(
    Buffer.from(gpuNonce),
    createHash('sha256')
      .update(Buffer.from([0, 1, 2, 3]))
      .digest(),
  )
  await client.attest([GPU], gpuNonce, 'HOPPER', { verifierNonce: nonce })
  await itaClient(options).attest([GPU], NONCE, 'BLACKWELL')
  const api = 'https://api.trustauthority.intel.com/appraisal/v2'
  t.match(asked, [
    { method: 'GET', url: `${api}/nonce`, headers: { 'x-api-key': SECRET } },
    {
      method: 'POST',
      url: `${api}/attest`,
      headers: { 'x-api-key': SECRET },
      body: itaRequest([GPU], gpuNonce, 'HOPPER', { verifierNonce: nonce }),
    },
    { method: 'POST', body: itaRequest([GPU], NONCE, 'BLACKWELL') },
  ])
  t.notOk('x-api-key' in (asked[2]?.headers ?? {}))
  await rejectsCode(t, itaGpuNonce({ ...nonce, iat: '!' }), 'ERR_ARGUMENT')
})

t.test('vouch-client: answers that are none', async (t) => {
  for (const answer of ['<html>', '{"keys":[],"keys":[]}', '\u0000']) {
    const { options } = world(answer)
    const errors = await Promise.all([
      rejectsCode(t, nrasClient(options).keys(), 'ERR_ENDORSER_ANSWER'),
      rejectsCode(t, nrasClient(options).attest([GPU], NONCE, 'HOPPER'), 'ERR_ENDORSER_ANSWER'),
      rejectsCode(t, itaClient(options).nonce(), 'ERR_ENDORSER_ANSWER'),
    ])
    for (const error of errors) t.match(error?.message, /from (nras|api)/)
  }
  for (const answer of [null, [], {}, { val: 'AA==' }, { val: 1, iat: 2, signature: 3 }]) {
    await rejectsCode(t, itaClient(world(answer).options).nonce(), 'ERR_ENDORSER_ANSWER')
    await rejectsCode(t, nrasClient(world(answer).options).keys(), 'ERR_ENDORSER_ANSWER')
  }
  const long = world('x'.repeat(0x40001))
  const attest = nrasClient(long.options).attest([GPU], NONCE, 'HOPPER')
  await rejectsCode(t, attest, 'ERR_ENDORSER_ANSWER')
})

t.test('vouch-client: refusals never name the key', async (t) => {
  for (const [status, code] of [
    [401, 'ERR_ENDORSER_STATUS'],
    [404, 'ERR_ENDORSER_NOT_FOUND'],
    [500, 'ERR_ENDORSER_STATUS'],
  ] as const) {
    const { options } = world('', status)
    const client = nrasClient({ ...options, key: SECRET })
    const error = await rejectsCode(t, client.attest([GPU], NONCE, 'HOPPER'), code)
    t.notMatch(`${error?.message} ${error?.stack} ${String(error?.cause)}`, SECRET)
  }
})

t.test('vouch-client: what cannot be asked', async (t) => {
  const { asked, options } = world([])
  await rejectsCode(t, nrasClient(options).attest([], NONCE, 'HOPPER'), 'ERR_ARGUMENT')
  await rejectsCode(t, itaClient(options).attest([], NONCE, 'HOPPER'), 'ERR_ARGUMENT')
  t.same(asked, [])
  const wrong: Record<string, object> = {
    'another scheme': { baseUrl: 'file:///etc' },
    'a key over http': { baseUrl: 'http://nras.example', key: SECRET },
    'a key of two lines': { key: `${SECRET}\nHost: x` },
    'an empty key': { key: '' },
    'a time that is none': { requestMs: -1 },
    'no deadline': { deadlineMs: Number.NaN },
    'an unknown option': { apiKey: SECRET },
    'an option of the other service': { portalUrl: 'https://a.example' },
  }
  for (const [title, more] of Object.entries(wrong)) {
    const message = throwsCode(t, () => nrasClient({ ...options, ...more }), 'ERR_ARGUMENT', title)
    t.notMatch(message, SECRET)
  }
  const portal = { portalUrl: 'http://a.example', key: SECRET }
  throwsCode(t, () => itaClient({ ...options, ...portal }), 'ERR_ARGUMENT')
})

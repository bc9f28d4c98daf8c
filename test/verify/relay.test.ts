// SPDX-License-Identifier: Apache-2.0
// The attack of section 1 of the evidence protocol, over real TLS: a host in the middle, with a key of
// its own, has genuine hardware sign what binds that key.

import t from 'tap'
import { nodeTransport } from '../../src/cli/transport.js'
import { type FetchedEvidence, fetchEvidence, fetchQuote } from '../../src/client/index.js'
import { appraise, authenticity, type Policy } from '../../src/verify/index.js'
import { AT } from '../fake/amd.js'
import { pattern } from '../fake/nvidia.js'
import { serve } from '../fake/server.js'
import { aep83Sidecar, assaySidecar, relay, type Sidecar } from '../fake/sidecar.js'
import { mintTls } from '../fake/tls.js'
import { complaints } from './appraise.js'

const NONCE = pattern(64, 7)
const ORACLE = { 'binding.oracle': 'fail ERR_BINDING_ORACLE' }

type Ask = (url: string) => Promise<FetchedEvidence>

const reach = (url: string) => ({ url, transport: nodeTransport(), nonce: NONCE })
const tls: Ask = (url) => fetchQuote({ ...reach(url), bindTls: true })
const bound: Ask = (url) => fetchEvidence({ ...reach(url), bind: ['tls', 'hpke'] })
const batch: Ask = (url) => fetchEvidence({ ...reach(url), bind: ['tls'], batch: true })

async function judge(ask: Ask, { url, guest }: Sidecar, policy: Policy = authenticity()) {
  const { evidence, channelSpki } = await ask(url)
  return appraise({
    evidence,
    challenge: { nonce: NONCE, channelSpki },
    endorsements: guest.amd.chain,
    roots: [guest.amd.ark],
    at: AT,
    policy,
  })
}

t.test('relay: an honest sidecar verifies in every mode', async (t) => {
  const sidecar = await assaySidecar()
  t.teardown(sidecar.close)
  for (const ask of [tls, bound, batch]) {
    const result = await judge(ask, sidecar)
    t.same(complaints(result), {})
    t.ok(result.findings.some(({ check }) => check === 'binding.tls-key'))
    t.match(result.claims.binding, { tlsSpkiSha256: /^[0-9a-f]{64}$/ })
  }
})

t.test('relay: of a sidecar that speaks AEP-83 only', async (t) => {
  const target = await aep83Sidecar()
  const attacker = await relay(target)
  t.teardown(() => Promise.all([target.close(), attacker.close()]))
  t.same(complaints(await judge(tls, attacker)), ORACLE, 'all else of it is genuine')
  t.same(complaints(await judge(tls, target)), ORACLE, 'nobody can tell its honest answers apart')
  const policy = authenticity()
  const lenient = { ...policy, binding: { ...policy.binding, legacyTlsBinding: 'allow' } } as const
  t.same(complaints(await judge(tls, target, lenient)), {}, 'unless a policy says so by name')
  t.same(complaints(await judge(bound, attacker)), ORACLE)
  t.same(complaints(await judge(batch, attacker)), ORACLE)
})

t.test('relay: of our sidecar, through its raw mode', async (t) => {
  const target = await assaySidecar()
  const attacker = await relay(target)
  t.teardown(() => Promise.all([target.close(), attacker.close()]))
  for (const ask of [tls, bound, batch]) {
    const result = await judge(ask, attacker)
    t.same(complaints(result), ORACLE)
    t.equal(result.result, 'rejected')
  }
})

t.test('relay: of honest evidence, over a connection that ends at the host', async (t) => {
  const target = await assaySidecar()
  const middle = await serve(async ({ method, path, body }) => {
    const { port } = new URL(target.url)
    const url = new URL(`https://127.0.0.1:${port}${path}`)
    const headers = { 'content-type': 'application/json' }
    const { signal } = new AbortController()
    const answer = await nodeTransport()({ method: method as 'POST', url, headers, body, signal })
    const chunks: Uint8Array[] = []
    for await (const chunk of answer.body) chunks.push(chunk)
    return { status: answer.status, headers, body: Buffer.concat(chunks).toString() }
  }, mintTls())
  t.teardown(() => Promise.all([target.close(), middle.close()]))
  const passed = { ...target, url: middle.url }
  for (const ask of [bound, batch]) {
    t.same(complaints(await judge(ask, passed)), { 'binding.tls-key': 'fail ERR_BINDING_TLS_KEY' })
  }
  t.match(complaints(await judge(tls, passed)), {
    'binding.nonce': 'fail ERR_BINDING_REPORT_DATA',
  })
})

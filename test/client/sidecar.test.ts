// SPDX-License-Identifier: Apache-2.0
// What the sidecars of the test world answer, over real TLS, is what AEP-83 and the protocol say. The
// fakes compose REPORT_DATA on the independent reading, these tests on the core.

import t from 'tap'
import { nodeTransport } from '../../src/cli/transport.js'
import {
  type FetchedEvidence,
  fetchEvidence,
  fetchInfo,
  fetchQuote,
} from '../../src/client/index.js'
import { gpuEvidenceDigest, gpuNonce } from '../../src/core/digest.js'
import { merkleRoot } from '../../src/core/merkle.js'
import { parseGpuReport } from '../../src/core/nvidia.js'
import {
  reportDataBatchVerify,
  reportDataBound,
  reportDataRaw,
  reportDataTls,
} from '../../src/core/report-data.js'
import { parseSnpReport, type SnpReport } from '../../src/core/snp.js'
import type { BatchProof, Evidence } from '../../src/evidence.js'
import { BATCH_INDEX, BATCH_SIZE } from '../fake/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { aep83Sidecar, assaySidecar, HPKE_KEY, relay, type Sidecar } from '../fake/sidecar.js'
import { rejectsCode } from '../helpers.js'

const transport = nodeTransport()
const NONCE = pattern(64, 21)
const report = ({ evidence }: FetchedEvidence): SnpReport => parseSnpReport(evidence.report)

async function opened(t: Tap, sidecar: Promise<Sidecar>): Promise<Sidecar> {
  const one = await sidecar
  t.teardown(() => one.close())
  return one
}
type Tap = Parameters<typeof rejectsCode>[0] & { teardown(run: () => unknown): unknown }

/** What bound mode binds of this answer, for a tenant who knows the nonce. */
function boundReportData({ claims, gpus }: Evidence, nonce: Uint8Array): Uint8Array {
  return reportDataBound({
    nonce,
    ...(claims.tlsSpki && { tlsSpki: claims.tlsSpki }),
    ...(claims.hpke && { hpke: claims.hpke }),
    ...(gpus.length > 0 && { gpuDigest: gpuEvidenceDigest(gpus) }),
    ...(claims.userData && { userData: claims.userData }),
  })
}

const gpuNonces = ({ gpus }: Evidence): Uint8Array[] =>
  gpus.map(({ evidence }) => parseGpuReport(evidence).requestNonce)

for (const [name, make, tlsVmpl] of [
  ['AEP-83', aep83Sidecar, 0],
  ['ours', assaySidecar, 1],
] as const) {
  t.test(`${name}: /quote, raw and TLS, with and without GPUs`, async (t) => {
    for (const gpus of [0, 2]) {
      const { url, identity } = await opened(t, make({ gpus }))
      const raw = await fetchQuote({ url, transport, nonce: NONCE })
      t.equal(raw.evidence.mode, 'raw')
      t.same(raw.channelSpki, identity.spki)
      t.same(report(raw).reportData, reportDataRaw(NONCE))
      t.equal(report(raw).vmpl, 0)
      const tls = await fetchQuote({ url, transport, nonce: NONCE, bindTls: true })
      const reportData = reportDataTls(identity.spki, NONCE)
      t.equal(tls.evidence.mode, 'tls')
      t.same(tls.channelSpki, identity.spki)
      t.same(report(tls).reportData, reportData)
      t.equal(report(tls).vmpl, tlsVmpl)
      const asked = (nonce: Uint8Array) => Array(gpus).fill(nonce.subarray(0, 32))
      t.same(gpuNonces(raw.evidence), asked(NONCE))
      t.same(gpuNonces(tls.evidence), asked(reportData))
    }
  })

  t.test(`${name}: /info and /healthz, and what Go answers to anything else`, async (t) => {
    const { url, identity } = await opened(t, make({ gpus: 1 }))
    t.same(await fetchInfo({ url, transport }), {
      platform: 'snp-gpu',
      protocolVersion: '4',
      gpuAvailable: true,
      tlsPublicKey: identity.spki,
      channelSpki: identity.spki,
    })
    const cpu = await opened(t, make())
    t.equal((await fetchInfo({ url: cpu.url, transport })).gpuAvailable, false)
    const ask = async (method: 'GET' | 'POST', path: string) => {
      const { signal } = new AbortController()
      const request = { method, url: new URL(path, url), headers: {}, body: 'x', signal }
      const { status, headers, body } = await transport(request)
      const chunks: Uint8Array[] = []
      for await (const chunk of body) chunks.push(chunk)
      return [status, headers.get('content-type'), Buffer.concat(chunks).toString()]
    }
    const type = 'text/plain; charset=utf-8'
    t.same(await ask('GET', '/healthz'), [200, type, 'ok'])
    t.same(await ask('GET', '/quote'), [405, type, 'Method Not Allowed\n'])
    t.same(await ask('GET', '/nothing'), [404, type, '404 page not found\n'])
    t.same(await ask('POST', '/quote'), [400, type, 'nonce must be exactly 64 bytes of base64\n'])
  })
}

t.test('ours: /v1/evidence bound', async (t) => {
  for (const gpus of [0, 2]) {
    const { url, identity, guest } = await opened(t, assaySidecar({ gpus }))
    const nonce = pattern(32, 22)
    const plain = await fetchEvidence({ url, transport, nonce })
    t.same(plain.evidence.claims, { tlsSpki: null, hpke: null, userData: null })
    t.same(report(plain).reportData, boundReportData(plain.evidence, nonce))
    const userData = pattern(500, 23)
    const full = await fetchEvidence({ url, transport, nonce, bind: ['hpke', 'tls'], userData })
    t.equal(full.evidence.mode, 'bound')
    t.same(full.evidence.claims, { tlsSpki: identity.spki, hpke: HPKE_KEY, userData })
    t.same(report(full).reportData, boundReportData(full.evidence, nonce))
    t.equal(report(full).vmpl, 1)
    t.same(gpuNonces(full.evidence), Array(gpus).fill(gpuNonce(nonce)))
    t.same(full.evidence.endorsements, guest.amd.chain)
    t.same(full.evidence.auxblob, guest.auxblob)
    const bare = await fetchEvidence({ url, transport, nonce, endorsements: false })
    t.same(bare.evidence.endorsements, [])
  }
})

t.test('ours: /v1/evidence in a batch of several', async (t) => {
  for (const gpus of [0, 2]) {
    const { url, identity } = await opened(t, assaySidecar({ gpus }))
    const fetched = await fetchEvidence({
      url,
      transport,
      nonce: NONCE,
      bind: ['tls'],
      batch: true,
    })
    const { mode, claims, batch } = fetched.evidence
    t.equal(mode, 'batch')
    t.same(claims.tlsSpki, identity.spki)
    const { index, size, claimPath, noncePath } = batch as BatchProof
    t.same([size, index], [BATCH_SIZE, BATCH_INDEX])
    t.equal(claimPath.length, 3)
    const entry = boundReportData(fetched.evidence, NONCE)
    reportDataBatchVerify(report(fetched).reportData, entry, index, size, claimPath)
    t.equal(report(fetched).vmpl, 1)
    t.equal(noncePath === null, gpus === 0)
    if (noncePath === null) continue
    const root = merkleRoot(NONCE, index, size, noncePath)
    t.same(gpuNonces(fetched.evidence), Array(gpus).fill(gpuNonce(root)))
  }
})

t.test('ours: a nonce that is none is a problem document', async (t) => {
  const { url } = await opened(t, assaySidecar())
  const short: typeof transport = (request) => transport({ ...request, body: '{"nonce":"AA=="}' })
  const error = await rejectsCode(
    t,
    fetchEvidence({ url, transport: short, nonce: NONCE }),
    'ERR_ATTESTER_REFUSED',
  )
  t.match(error?.cause, { status: 400, problem: 'ERR_REQUEST_NONCE' })
})

t.test('relay: everything fits its own key, but for the level that signed', async (t) => {
  for (const make of [aep83Sidecar, assaySidecar]) {
    for (const gpus of [0, 2]) {
      const target = await opened(t, make({ gpus }))
      const { url, identity } = await opened(t, relay(target))
      t.not(identity.spki, target.identity.spki)
      const tls = await fetchQuote({ url, transport, nonce: NONCE, bindTls: true })
      t.same(tls.channelSpki, identity.spki)
      t.same(report(tls).reportData, reportDataTls(identity.spki, NONCE))
      t.equal(report(tls).vmpl, 0)
      const raw = await fetchQuote({ url, transport, nonce: NONCE })
      t.same(report(raw).reportData, NONCE)
      const options = { url, transport, nonce: NONCE, bind: ['tls', 'hpke'] as const }
      const bound = await fetchEvidence(options)
      t.same(bound.evidence.claims.tlsSpki, identity.spki)
      t.same(report(bound).reportData, boundReportData(bound.evidence, NONCE))
      t.same(gpuNonces(bound.evidence), Array(gpus).fill(gpuNonce(NONCE)))
      t.equal(report(bound).vmpl, 0)
      const batched = await fetchEvidence({ ...options, batch: true })
      const { index, size, claimPath } = batched.evidence.batch as BatchProof
      const entry = boundReportData(batched.evidence, NONCE)
      reportDataBatchVerify(report(batched).reportData, entry, index, size, claimPath)
      t.equal(report(batched).vmpl, 0)
      t.match(await fetchInfo({ url, transport }), { tlsPublicKey: identity.spki })
    }
  }
})

// SPDX-License-Identifier: Apache-2.0
// Two attackers who have genuine hardware and no shame. Both are part of the demo alone.

import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fetchQuote } from '../client/index.js'
import { joinBytes } from '../core/bytes.js'
import { gpuEvidenceDigest, gpuNonce } from '../core/digest.js'
import { reportDataBound } from '../core/report-data.js'
import { fromBase64, toBase64 } from '../encoding.js'
import { type Evidence, type GpuEvidence, readEvidence } from '../evidence.js'
import { type EvidenceAnswer, type EvidenceRequest, FORMATS, MEDIA_TYPES } from '../protocol.js'
import type { GpuReport, GpuSurface } from '../sidecar/surface.js'
import { issue, mintKeys } from '../sidecar/tls.js'
import type { LiveEvidence } from './live.js'
import { nodeTransport } from './transport.js'

export interface Relay {
  readonly url: string
  close(): Promise<void>
}

const BAD_GATEWAY = 502
/** What raw mode takes beyond the nonce of the GPUs. */
const PADDING = new Uint8Array(32)

/**
 * The attack of section 1 of the evidence protocol: a host in the middle, with a TLS key of its own,
 * has the hardware behind `target` sign what binds that key, by sending it as a raw nonce.
 */
export async function startRelay(target: string, now: Date): Promise<Relay> {
  const { tls, tlsSpki } = await mintKeys()
  const { key, cert } = await issue(tls, now)
  const server = createServer({ key, cert }, async (request, response) => {
    try {
      const { nonce } = JSON.parse(await text(request)) as EvidenceRequest
      const answer = await forge(target, fromBase64(nonce, 'nonce'), tlsSpki)
      response.setHeader('content-type', MEDIA_TYPES.json)
      response.end(JSON.stringify(answer))
    } catch {
      response.writeHead(BAD_GATEWAY).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

async function forge(
  target: string,
  nonce: Uint8Array,
  tlsSpki: Uint8Array,
): Promise<EvidenceAnswer> {
  const raw = async (bytes: Uint8Array): Promise<Evidence> =>
    (await fetchQuote({ url: target, transport: nodeTransport(), nonce: bytes })).evidence
  // The GPUs are asked with the first half of what raw mode is given.
  const { gpus } = await raw(joinBytes([gpuNonce(nonce), PADDING]))
  const gpuDigest = gpus.length > 0 && { gpuDigest: gpuEvidenceDigest(gpus) }
  const { report, auxblob } = await raw(reportDataBound({ nonce, tlsSpki, ...gpuDigest }))
  return {
    format: FORMATS.evidence,
    tee: 'snp',
    report: toBase64(report),
    endorsements: [],
    auxblob: toBase64(auxblob),
    gpus: gpus.map(encodeGpu),
    claims: { tls_spki: toBase64(tlsSpki) },
  }
}

/** A genuine answer with the first GPU of another machine in it, which answered the same nonce. */
export async function swapGpu(genuine: LiveEvidence, strangers: GpuSurface): Promise<LiveEvidence> {
  const [foreign] = (await strangers.collect(gpuNonce(genuine.nonce))) as [GpuReport]
  const { report, ...rest } = foreign
  const answer = genuine.answer as EvidenceAnswer
  const gpus = [encodeGpu({ ...rest, evidence: report }), ...answer.gpus.slice(1)]
  const spliced = { ...answer, gpus }
  const evidence = readEvidence(spliced, { code: 'ERR_EVIDENCE_FORMAT', within: '' })
  return { ...genuine, answer: spliced, evidence }
}

const encodeGpu = ({ index, evidence, certChain }: GpuEvidence): EvidenceAnswer['gpus'][0] => ({
  index,
  evidence: toBase64(evidence),
  cert_chain: toBase64(certChain),
})

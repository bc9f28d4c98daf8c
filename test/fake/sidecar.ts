// SPDX-License-Identifier: Apache-2.0
// Sidecars of the test world, real HTTPS servers each under a key of its own: the one of AEP-83, ours,
// and a relay, which has neither hardware nor shame.

import { nodeTransport } from '../../src/cli/transport.js'
import { fetchQuote } from '../../src/client/index.js'
import { splitAep83GpuEvidence } from '../../src/core/nvidia.js'
import type { EvidenceRequest, QuoteAnswer, QuoteRequest } from '../../src/protocol.js'
import * as oracle from '../oracle/report-data.js'
import { base64, type Composer, compose } from './evidence.js'
import { type GpuAnswer, type Guest, mintGuest } from './guest.js'
import { joinAep83, pattern } from './nvidia.js'
import { type Answered, type Asked, type Handler, json, type Served, serve } from './server.js'
import { mintTls, type TlsIdentity } from './tls.js'

export interface Sidecar extends Served {
  readonly identity: TlsIdentity
  /** The hardware behind it; its `amd.ark` is the root to trust. */
  readonly guest: Guest
}

export interface SidecarOptions {
  readonly guest?: Guest
  readonly gpus?: number
  /** GPU evidence of `/quote`: joined only, or with the parts beside it. */
  readonly gpuForm?: 'joined' | 'parts'
}

/** Bytes of an HPKE key claim: X25519, and a made-up key. */
export const HPKE_KEY = Uint8Array.of(0x00, 0x20, ...pattern(32, 77))

const RAW_VMPL = 0
const BOUND_VMPL = 1

/** As the Go sidecar: everything at the guest's own level. */
export const aep83Sidecar = (options: SidecarOptions = {}): Promise<Sidecar> =>
  start(options, (guest, identity) => {
    const { gpuForm = 'joined' } = options
    return router({
      'POST /quote': (asked) => quote(asked, guest, identity, RAW_VMPL, gpuForm),
      'GET /info': () => info(guest, identity),
    })
  })

/** As the protocol says: what the sidecar composed is signed at a level of its own. */
export const assaySidecar = (options: SidecarOptions = {}): Promise<Sidecar> =>
  start(options, (guest, identity) => {
    const { gpuForm = 'parts' } = options
    const composer: Composer = {
      tlsSpki: identity.spki,
      hpke: HPKE_KEY,
      endorsements: guest.amd.chain,
      auxblob: guest.auxblob,
      askGpus: (nonce) => guest.askGpus(nonce),
      attest: (reportData) => guest.attest(reportData, BOUND_VMPL),
    }
    return router({
      'POST /quote': (asked) => quote(asked, guest, identity, BOUND_VMPL, gpuForm),
      'GET /info': () => info(guest, identity),
      'POST /v1/evidence': (asked) => evidence(asked, composer),
    })
  })

/**
 * The attacker of protocol section 1: has the target sign what binds a key of the attacker's own, by
 * sending it as a raw nonce, and hands that out as TLS-bound, bound or batched.
 */
export const relay = (target: Sidecar): Promise<Sidecar> =>
  start({ guest: target.guest }, (guest, identity) => {
    const raw = async (nonce: Uint8Array): Promise<QuoteAnswer> => {
      const { answer } = await fetchQuote({ url: target.url, transport: nodeTransport(), nonce })
      return answer as QuoteAnswer
    }
    const composer: Composer = {
      tlsSpki: identity.spki,
      hpke: HPKE_KEY,
      endorsements: guest.amd.chain,
      auxblob: guest.auxblob,
      askGpus: async (nonce) => gpusOf(await raw(Buffer.concat([nonce, pattern(32, 5)]))),
      attest: async (reportData) => Buffer.from((await raw(reportData)).report, 'base64'),
    }
    return router({
      'POST /quote': async (asked) => {
        const { nonce, bind_tls } = JSON.parse(asked.body) as QuoteRequest
        const own = Buffer.from(nonce, 'base64')
        const answer = await raw(bind_tls ? oracle.tls(identity.spki, own) : own)
        return json({ ...answer, tls_bound: bind_tls === true })
      },
      'GET /info': () => info(guest, identity),
      'POST /v1/evidence': (asked) => evidence(asked, composer),
    })
  })

async function start(
  { guest, gpus = 0 }: SidecarOptions,
  build: (guest: Guest, identity: TlsIdentity) => Handler,
): Promise<Sidecar> {
  const identity = mintTls()
  const hardware = guest ?? (await mintGuest(gpus))
  const served = await serve(build(hardware, identity), identity)
  return { ...served, identity, guest: hardware }
}

/** As Go's ServeMux answers what it has no handler for. */
function router(routes: Readonly<Record<string, Handler>>): Handler {
  const all: Readonly<Record<string, Handler>> = {
    ...routes,
    'GET /healthz': () => text(200, 'ok'),
  }
  return (asked) => {
    const path = asked.path.split('?')[0]
    const handler = all[`${asked.method} ${path}`]
    if (handler) return handler(asked)
    const known = Object.keys(all).some((route) => route.endsWith(` ${path}`))
    return known ? text(405, 'Method Not Allowed\n') : text(404, '404 page not found\n')
  }
}

const text = (status: number, body: string): Answered => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
})

const info = ({ platform }: Guest, { spki }: TlsIdentity): Answered =>
  json({
    tee_platform: platform,
    protocol_version: '4',
    ...(platform === 'snp-gpu' && { gpu_available: true }),
    tls_public_key: base64(spki),
  })

async function quote(
  { body }: Asked,
  guest: Guest,
  { spki }: TlsIdentity,
  tlsVmpl: number,
  gpuForm: 'joined' | 'parts',
): Promise<Answered> {
  const request = parsed(body)
  const nonce = nonceOf(request, 64, 64)
  if (nonce === null) return text(400, 'nonce must be exactly 64 bytes of base64\n')
  const bound = request?.bind_tls === true
  const reportData = bound ? oracle.tls(spki, nonce) : nonce
  const gpus = guest.askGpus(reportData)
  const report = await guest.attest(reportData, bound ? tlsVmpl : RAW_VMPL)
  return json({
    report: base64(report),
    cert_chain: '',
    tee_platform: guest.platform,
    auxblob: base64(guest.auxblob),
    ...(gpus.length > 0 && { gpu_reports: gpus.map((gpu) => gpuReport(gpu, gpuForm)) }),
    tls_bound: bound,
  })
}

function gpuReport({ index, report, certChain }: GpuAnswer, form: 'joined' | 'parts') {
  return {
    device_index: index,
    report: base64(joinAep83(report, certChain)),
    ...(form === 'parts' && {
      attestation_report: base64(report),
      certificate_chain: base64(certChain),
      architecture: 'HOPPER',
      uuid: `GPU-00000000-0000-0000-0000-${String(index).padStart(12, '0')}`,
    }),
  }
}

function gpusOf({ gpu_reports = [] }: QuoteAnswer): GpuAnswer[] {
  return gpu_reports.map(({ device_index, report }) => {
    const split = splitAep83GpuEvidence(new Uint8Array(Buffer.from(report, 'base64')))
    return {
      index: device_index,
      report: split.report,
      certChain: split.certChain ?? new Uint8Array(),
    }
  })
}

async function evidence({ body }: Asked, composer: Composer): Promise<Answered> {
  const request = parsed(body)
  if (nonceOf(request, 32, 64) === null) {
    const problem = { status: 400, code: 'ERR_REQUEST_NONCE', detail: 'nonce of 32 to 64 bytes' }
    return {
      status: 400,
      headers: { 'content-type': 'application/problem+json' },
      body: JSON.stringify(problem),
    }
  }
  return json(await compose(request as EvidenceRequest, composer))
}

type Parsed = Partial<QuoteRequest & EvidenceRequest> | null

function parsed(body: string): Parsed {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

function nonceOf(request: Parsed, least: number, most: number): Buffer | null {
  const nonce = Buffer.from(String(request?.nonce), 'base64')
  return nonce.length >= least && nonce.length <= most ? nonce : null
}

// SPDX-License-Identifier: Apache-2.0
// What a sidecar on a simulated platform answers, over TLS, read without any code of ours.

import { randomBytes } from 'node:crypto'
import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { pino } from 'pino'
import type { Product } from '../../../src/core/snp.js'
import { systemClock } from '../../../src/service/system-clock.js'
import { startSidecar } from '../../../src/sidecar/sidecar.js'
import { simulatePlatform } from '../../../src/simulate/platform.js'

/** As the Go program reads it; bytes are base64. */
export interface Sample {
  readonly title: string
  readonly product: Product
  readonly report: string
  readonly table: string
  readonly ark: string
  readonly vmpl: number
  readonly binding: Binding
}

export interface Binding {
  readonly mode: 'raw' | 'tls' | 'bound' | 'batch'
  readonly nonce: string
  /** Of the connection. */
  readonly spki?: string
  readonly userData?: string
  readonly size?: number
  readonly index?: number
  readonly path?: readonly string[]
}

interface Answer {
  readonly report: string
  readonly auxblob: string
  readonly batch?: { readonly size: number; readonly index: number; readonly claim_path: string[] }
}

/** Long enough for the second and the third of three requests to meet in one batch. */
const REPORT_LATENCY_MS = 50
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** One answer of each kind. */
export async function serve(product: Product, version: 2 | 3 | 5): Promise<Sample[]> {
  const clock = systemClock
  const platform = await simulatePlatform({
    clock,
    product,
    version,
    reportLatencyMs: REPORT_LATENCY_MS,
  })
  const { url, close } = await startSidecar({
    platform,
    clock,
    log: pino({ level: 'silent' }),
    listen: { host: '127.0.0.1', port: 0 },
    rawQuotes: 'allow',
    plainHttp: false,
  })
  try {
    const answers = [...(await quotes(url)), ...(await evidence(url))]
    return answers.map(({ what, vmpl, answer, binding }) => ({
      title: `${product} v${version}, ${what}`,
      product,
      report: answer.report,
      table: answer.auxblob,
      ark: base64(platform.roots.snp),
      vmpl,
      binding,
    }))
  } finally {
    await close()
  }
}

async function quotes(url: string) {
  const nonce = base64(randomBytes(64))
  const raw = await post(`${url}/quote`, { nonce })
  const tls = await post(`${url}/quote`, { nonce, bind_tls: true })
  return [
    { what: '/quote', vmpl: 0, ...raw, binding: { mode: 'raw', nonce } },
    { what: '/quote bound', vmpl: 1, ...tls, binding: { mode: 'tls', nonce, spki: tls.spki } },
  ] as const
}

async function evidence(url: string) {
  const userData = base64(randomBytes(100))
  const ask = async (batch: boolean) => {
    const nonce = base64(randomBytes(32))
    const body = { nonce, bind: ['tls'], user_data: userData, batch }
    return { nonce, ...(await post(`${url}/v1/evidence`, body)) }
  }
  const bound = await ask(false)
  const batched = await Promise.all([ask(true), ask(true), ask(true)])
  return [
    { what: '/v1/evidence', mode: 'bound' as const, asked: bound },
    ...batched.map((asked) => ({
      what: `/v1/evidence in a batch of ${asked.answer.batch?.size}`,
      mode: 'batch' as const,
      asked,
    })),
  ].map(({ what, mode, asked: { answer, nonce, spki } }) => ({
    what,
    vmpl: 1,
    answer,
    binding: { mode, nonce, spki, userData, ...tree(answer) },
  }))
}

const tree = ({ batch }: Answer): Partial<Binding> =>
  batch ? { size: batch.size, index: batch.index, path: batch.claim_path } : {}

/** An answer, and the key of the connection that it came over. */
function post(url: string, body: object): Promise<{ answer: Answer; spki: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const options = { method: 'POST', headers, rejectUnauthorized: false, agent: false } as const
    const call = request(url, options, (response) => {
      const { publicKey } = (response.socket as TLSSocket).getPeerX509Certificate() ?? {}
      const spki = publicKey?.export({ format: 'der', type: 'spki' })
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      response.on('error', reject).on('end', () => {
        if (response.statusCode !== 200 || !spki) reject(new Error(`${url}: ${text}`))
        else resolve({ answer: JSON.parse(text), spki: base64(spki) })
      })
    })
    call.on('error', reject).end(JSON.stringify(body))
  })
}

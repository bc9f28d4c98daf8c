// SPDX-License-Identifier: Apache-2.0
// AMD's Key Distribution Service of the test world: what it answers is planned by one function, and
// carried out by an injected fetch or by a real server.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Product, Tcb } from '../../src/core/snp.js'
import type { VekKind } from '../../src/verify/names.js'
import { type Amd, pem } from './amd.js'
import type { VirtualClock } from './clock.js'

/** How an answer ends. The others than `whole` are faults of the connection, not of the service. */
type End = 'whole' | 'short' | 'reset' | 'stall' | 'silent' | 'refuse'

export interface Plan {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  readonly end?: End
  /** Until the first byte. */
  readonly latencyMs?: number
}

/** Path and query of a request, and how many came before it. */
export interface Asked {
  readonly path: string
  readonly number: number
}

export class FakeKds {
  /** Path and query of every request, in order. */
  readonly requests: string[] = []
  /** A plan here replaces the honest one. */
  fault: (asked: Asked) => Plan | null = () => null
  readonly #objects = new Map<string, Uint8Array | string>()

  plan(path: string): Plan {
    const asked = { path, number: this.requests.length }
    this.requests.push(path)
    return this.fault(asked) ?? this.honest(path)
  }

  honest(path: string): Plan {
    const body = this.#objects.get(canonical(path))
    const headers = { 'content-type': 'application/octet-stream', 'cache-control': 'no-cache' }
    return body ? { status: 200, headers, body } : { status: 404, body: 'not found' }
  }

  /** Hands out the VCEK of a machine under its own id and TCB. */
  addVcek(product: Product, chipId: Uint8Array, { fmc, ...tcb }: Tcb, vcek: Uint8Array): void {
    const spls = [fmc, tcb.bootLoader, tcb.tee, tcb.snp, tcb.microcode].filter((s) => s !== null)
    this.#objects.set(`${product}/${Buffer.from(chipId).toString('hex')}/${spls.join('/')}`, vcek)
  }

  async addAuthority(product: Product, kind: VekKind, amd: Amd): Promise<void> {
    this.#objects.set(`/${kind}/v1/${product}/cert_chain`, pem(amd.authority) + pem(amd.ark))
    this.setCrl(product, kind, await amd.crl())
  }

  setCrl(product: Product, kind: VekKind, crl: Uint8Array): void {
    this.#objects.set(`/${kind}/v1/${product}/crl`, crl)
  }
}

/** The service reads a query by its names, in any order, and any decimal form of its numbers. */
function canonical(path: string): string {
  const { pathname, searchParams } = new URL(path, 'https://kds.example')
  const [, product, id] = pathname.match(/^\/vcek\/v1\/(\w+)\/([0-9a-f]{16,})$/) ?? []
  if (!product) return pathname
  const names = ['blSPL', 'teeSPL', 'snpSPL', 'ucodeSPL']
  if (product === 'Turin') names.unshift('fmcSPL')
  const spls = names.map((name) => Number(searchParams.get(name)?.match(/^\d+$/)?.[0]))
  return [product, id, ...spls].join('/')
}

const encode = (body: Uint8Array | string): Uint8Array => new Uint8Array(Buffer.from(body))

/** A fetch that needs no network; `prefix` is what stands before the paths of the service. */
export function fetchOf(kds: FakeKds, clock: VirtualClock, prefix = ''): typeof fetch {
  return async (input, init) => {
    const { pathname, search } = new URL(String(input))
    const signal = init?.signal as AbortSignal
    const path = pathname + search
    if (!path.startsWith(prefix)) throw new TypeError('fetch failed')
    const plan = kds.plan(path.slice(prefix.length))
    if (plan.latencyMs) await clock.sleep(plan.latencyMs, signal)
    if (plan.end === 'silent') await aborted(signal)
    if (plan.end === 'refuse') {
      throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })
    }
    return response(plan, signal)
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

function response({ status, headers, body = '', end = 'whole' }: Plan, signal: AbortSignal) {
  const bytes = encode(body)
  const declared = { 'content-length': String(bytes.length), ...headers }
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(end === 'whole' ? bytes : bytes.subarray(0, bytes.length >> 1))
      if (end === 'reset') {
        controller.error(new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } }))
      } else if (end === 'stall') {
        signal.addEventListener('abort', () => controller.error(signal.reason))
      } else controller.close()
    },
  })
  return new Response(bytes.length > 0 ? stream : null, { status, headers: declared })
}

export interface Server {
  readonly baseUrl: string
  /** Answers that were begun, or swallowed, and will not be finished. */
  readonly stalls: () => number
  readonly close: () => Promise<void>
}

/** The same as a process of its own would be: on a free port of this machine. */
export async function serve(kds: FakeKds): Promise<Server> {
  let stalls = 0
  const server = createServer((request: IncomingMessage, answer: ServerResponse) => {
    const plan = kds.plan(request.url as string)
    const { status, headers, body = '', end = 'whole' } = plan
    const bytes = encode(body)
    if (end === 'refuse') return request.socket.destroy()
    if (end === 'silent') {
      stalls++
      return
    }
    answer.writeHead(status, { 'content-length': bytes.length, ...headers })
    if (end === 'whole') return answer.end(bytes)
    answer.write(bytes.subarray(0, bytes.length >> 1), () => {
      if (end === 'short') request.socket.end()
      if (end === 'reset') request.socket.resetAndDestroy()
      if (end === 'stall') stalls++
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stalls: () => stalls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

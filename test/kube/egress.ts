// SPDX-License-Identifier: Apache-2.0
// What kube-proxy is in a cluster: where connections of the API server to a Service end. The API server
// is told to reach the cluster through an HTTP CONNECT proxy (its `--egress-selector-config-file`), so
// manifests need no change and processes of a test may listen on loopback.

import { createServer, type IncomingMessage, type Server } from 'node:http'
import * as net from 'node:net'
import type { Duplex } from 'node:stream'

/** Resolves a ClusterIP to `namespace/name` of its Service, null where none has it. */
export type FindService = (clusterIp: string) => Promise<string | null>

export class Egress {
  readonly #server: Server
  readonly #targets = new Map<string, { readonly ports: readonly number[]; next: number }>()
  /** Services found; an address is given once. */
  readonly #known = new Map<string, string>()
  readonly #sockets = new Set<net.Socket | Duplex>()

  constructor(readonly findService: FindService) {
    this.#server = createServer((_request, response) => response.writeHead(405).end())
    this.#server.on('connect', (request, socket) => this.#connect(request, socket))
  }

  async listen(socket: string): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(socket, resolve))
  }

  /** Ports of loopback that connections to the Service go to in turn. */
  serve(service: string, port: number, ports: readonly number[]): void {
    this.#targets.set(`${service}:${port}`, { ports, next: 0 })
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  async #connect(request: IncomingMessage, near: Duplex): Promise<void> {
    this.#watch(near)
    const { hostname, port } = new URL(`tcp://${request.url}`)
    const to = await this.#target(hostname, port).catch(() => null)
    if (to === null) {
      near.end('HTTP/1.1 503 Service Unavailable\r\n\r\n')
      return
    }
    const far = net.connect(to, '127.0.0.1')
    this.#watch(far)
    far.once('connect', () => {
      near.write('HTTP/1.1 200 Connection established\r\n\r\n')
      far.pipe(near)
      near.pipe(far)
    })
    far.on('close', () => near.destroy())
    near.on('close', () => far.destroy())
  }

  async #target(clusterIp: string, port: string): Promise<number | null> {
    const service = this.#known.get(clusterIp) ?? (await this.findService(clusterIp))
    if (service === null) return null
    this.#known.set(clusterIp, service)
    const target = this.#targets.get(`${service}:${port}`)
    return target?.ports[target.next++ % target.ports.length] ?? null
  }

  #watch(socket: net.Socket | Duplex): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }
}

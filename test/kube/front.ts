// SPDX-License-Identifier: Apache-2.0
// What stands between clients and the API server: a port that stays, and connections that can be lost.

import * as net from 'node:net'

export class Front {
  readonly #server: net.Server
  readonly #pairs = new Set<readonly [net.Socket, net.Socket]>()
  #silent = false

  constructor(target: number) {
    this.#server = net.createServer((near) => this.#join(near, net.connect(target, '127.0.0.1')))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as net.AddressInfo).port
  }

  /** Ends every connection there is, watches among them; new ones are served. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.destroy()
      far.destroy()
    }
  }

  /** As if a cable were pulled: connections stay open, and nothing comes through until it is undone. */
  silence(): () => void {
    this.#silent = true
    for (const pair of this.#pairs) for (const socket of pair) socket.pause()
    return () => {
      this.#silent = false
      for (const pair of this.#pairs) for (const socket of pair) socket.resume()
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }

  #join(near: net.Socket, far: net.Socket): void {
    const pair = [near, far] as const
    this.#pairs.add(pair)
    for (const [from, to] of [pair, [far, near] as const]) {
      from.setNoDelay()
      from.on('error', () => to.destroy())
      from.on('close', () => {
        to.destroy()
        this.#pairs.delete(pair)
      })
      from.pipe(to)
      if (this.#silent) from.pause()
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// How many requests of each connection are under way. A client may send the next before it has the
// answer (pipelining), but not without end: each costs memory before anybody refuses it.

import type { Socket } from 'node:net'

/** As many as a sensible client has; more than that is a flood, and its connection is ended. */
const MOST = 64

export class InFlight {
  readonly #counts = new WeakMap<Socket, number>()

  enter(socket: Socket): void {
    const count = (this.#counts.get(socket) ?? 0) + 1
    this.#counts.set(socket, count)
    if (count > MOST) socket.destroy()
  }

  leave(socket: Socket): void {
    this.#counts.set(socket, (this.#counts.get(socket) as number) - 1)
  }
}

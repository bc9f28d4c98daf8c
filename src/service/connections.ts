// SPDX-License-Identifier: Apache-2.0
// How many connections there may be, and who goes when there is no room: whoever has waited longest
// without having asked anything.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from './clock.js'

export interface ConnectionOptions {
  readonly clock: Clock
  /** As many at once. */
  readonly most: number
  /** From a whole request to the end of its answer, a reader that takes its time included. */
  readonly answerMs: number
  /** A connection was closed on arrival, because all others were being answered. */
  readonly refused: () => void
}

/** What stood up to now. */
export interface ConnectionCounts {
  readonly open: number
  /** Ended while idle, for another one. */
  readonly evicted: number
  readonly refused: number
}

interface Connection {
  /** Of TLS as soon as that stands, and else the one below. */
  socket: Socket
  /** Requests that have no whole answer yet. */
  requests: number
  /** Those of them that are whole. */
  answering: number
  /** When the oldest of these came. */
  since: number
}

type AnyServer = Server & { listeners(event: 'connection'): ((socket: Socket) => void)[] }

const LOOK_EVERY_MS = 1_000
/** Requests that a client may send before it has the answer to the first (pipelining). */
const PIPELINED_MOST = 64

export class Connections {
  readonly #options: ConnectionOptions
  readonly #open = new Set<Connection>()
  /** In the order in which they became idle. One that still sends its request is idle. */
  readonly #idle = new Set<Connection>()
  /** In the order in which their oldest request came. */
  readonly #answering = new Set<Connection>()
  readonly #bySocket = new WeakMap<Socket, Connection>()
  /** Until its handshake is done, a TLS connection is known by its peer. */
  readonly #byPeer = new Map<string, Connection>()
  /** Requests of all connections that have no whole answer yet. */
  #requests = 0
  #closing = false
  #evicted = 0
  #refused = 0
  #cancel: () => void

  constructor(server: Server, options: ConnectionOptions) {
    this.#options = options
    // In place of the server's own listener, and not beside it: one that is refused must not cost a
    // TLS session.
    const admit = (server as AnyServer).listeners('connection')
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      if (!this.#enter(socket)) return
      for (const listener of admit) listener.call(server, socket)
    })
    server.on('secureConnection', (socket: Socket) => this.#secure(socket))
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#request(request, response),
    )
    this.#cancel = options.clock.after(LOOK_EVERY_MS, () => this.#look())
  }

  /** How many there may be. */
  get most(): number {
    return this.#options.most
  }

  get counts(): ConnectionCounts {
    return { open: this.#open.size, evicted: this.#evicted, refused: this.#refused }
  }

  /** Whether a whole request of this connection waits for its answer. */
  isAnswering(socket: Socket): boolean {
    return (this.#bySocket.get(socket)?.answering ?? 0) > 0
  }

  /** Takes the deadline off an answer without an end: whoever writes it looks after it. */
  release(socket: Socket): void {
    const connection = this.#bySocket.get(socket)
    if (connection) this.#answering.delete(connection)
  }

  /** Ends those that are idle, and the others as soon as they are. */
  close(): void {
    this.#closing = true
    this.#cancel()
    for (const connection of this.#idle) connection.socket.destroy()
  }

  /** Ends all of them, whatever they are doing. */
  destroy(): void {
    for (const { socket } of this.#open) socket.destroy()
  }

  #enter(socket: Socket): boolean {
    if (this.#open.size >= this.#options.most && !this.#evict()) {
      this.#refused++
      socket.destroy()
      this.#options.refused()
      return false
    }
    const connection: Connection = { socket, requests: 0, answering: 0, since: 0 }
    const peer = peerOf(socket)
    this.#open.add(connection)
    this.#idle.add(connection)
    this.#bySocket.set(socket, connection)
    this.#byPeer.set(peer, connection)
    socket.once('close', () => {
      this.#forget(connection)
      // The peer may be back, on a connection of the same name.
      if (this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer)
    })
    return true
  }

  #secure(socket: Socket): void {
    const connection = this.#byPeer.get(peerOf(socket))
    if (!connection) return
    connection.socket = socket
    this.#bySocket.set(socket, connection)
  }

  #evict(): boolean {
    const [oldest] = this.#idle
    if (!oldest) return false
    // Now, and not when its end is reported: others may arrive before that.
    this.#forget(oldest)
    this.#evicted++
    oldest.socket.destroy()
    return true
  }

  #forget(connection: Connection): void {
    if (!this.#open.delete(connection)) return
    this.#requests -= connection.requests
    this.#idle.delete(connection)
    this.#answering.delete(connection)
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#bySocket.get(request.socket)
    if (!connection) return
    this.#enterRequest(connection)
    let whole = false
    let answered = false
    const begin = () => {
      // A body that nobody waited for may end after its answer.
      if (answered) return
      whole = true
      if (connection.answering++ === 0) this.#busy(connection)
    }
    if (hasBody(request)) request.once('end', begin)
    else begin()
    response.once('close', () => {
      answered = true
      connection.requests--
      if (this.#open.has(connection)) this.#requests--
      if (whole) this.#answered(connection)
    })
  }

  /**
   * Each request costs memory before anybody refuses it, and its answer until somebody takes it. There
   * is room for one of each connection; several of one live on what others leave. One beside the first
   * is always let in: a client has its answer, and asks again, before Node says that it is sent.
   */
  #enterRequest(connection: Connection): void {
    connection.requests++
    if (!this.#open.has(connection)) return
    this.#requests++
    if (connection.requests <= OVERLAPPING) return
    const isFlood = connection.requests > PIPELINED_MOST || this.#requests > this.#options.most
    if (isFlood) endNow(connection.socket)
  }

  #busy(connection: Connection): void {
    if (!this.#open.has(connection)) return
    connection.since = this.#options.clock.monotonic()
    this.#idle.delete(connection)
    this.#answering.delete(connection)
    this.#answering.add(connection)
  }

  #answered(connection: Connection): void {
    connection.answering--
    if (!this.#open.has(connection)) return
    if (connection.answering > 0) {
      this.#busy(connection)
      return
    }
    this.#answering.delete(connection)
    this.#idle.add(connection)
    if (this.#closing) connection.socket.end()
  }

  /** Ends those that take too long over their answer. */
  #look(): void {
    const { clock, answerMs } = this.#options
    const limit = clock.monotonic() - answerMs
    for (const { since, socket } of this.#answering) {
      if (since > limit) break
      socket.destroy()
    }
    this.#cancel = clock.after(LOOK_EVERY_MS, () => this.#look())
  }
}

/** Requests of one connection while the end of an answer is not reported yet. */
const OVERLAPPING = 2

/** What Node's parser of HTTP takes for "the rest is not HTTP", as after an upgrade. */
const STOP = 2

/** At once, and not after what has been read: that may hold hundreds of requests more. */
function endNow(socket: Socket & { readonly parser?: object }): void {
  Object.assign(Object(socket.parser), { onIncoming: () => STOP })
  socket.destroy()
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

const hasBody = ({ headers }: IncomingMessage): boolean =>
  'transfer-encoding' in headers || !['0', undefined].includes(headers['content-length'])

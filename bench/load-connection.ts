// SPDX-License-Identifier: Apache-2.0
// One connection of the load: a raw TLS socket on which a fixed number of requests is under way.

import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { AnswerReader } from './load-reader.js'
import type { Tally } from './load-tally.js'

/** What a connection sends. */
export interface Requests {
  readonly port: number
  readonly path: string
  /** The body of a request is `before`, base64 of a fresh nonce, and `after`. */
  readonly before: string
  readonly after: string
  readonly nonceLength: number
  /** Requests under way on one connection. */
  readonly depth: number
  /** Milliseconds to wait after an answer other than 200, before the next request takes its place. */
  readonly patience: number
}

interface Sent {
  readonly nonce: string
  readonly at: number
}

/** Many sockets may read into one buffer: what is in it is done with when the callback returns. */
const readBuffer = Buffer.alloc(0x10000)

export class Connection {
  readonly #head: string
  readonly #reader: AnswerReader
  readonly #underWay: Sent[] = []
  #socket: TLSSocket | undefined
  #place: number | null = null
  /** Requests that would be under way but for patience. */
  #resting = 0
  #started = false
  #ended = false

  constructor(
    private readonly requests: Requests,
    private readonly nonce: () => string,
    private readonly tally: Tally,
  ) {
    const { before, after, nonceLength, path } = requests
    const length = before.length + 4 * Math.ceil(nonceLength / 3) + after.length
    this.#head = [
      `POST ${path} HTTP/1.1`,
      'host: localhost',
      'content-type: application/json',
      `content-length: ${length}`,
      '',
      before,
    ].join('\r\n')
    this.#reader = new AnswerReader(
      (status) => {
        this.#place = status === 200 ? tally.place(performance.now()) : null
        return this.#place !== null
      },
      (status, length, body) => this.#answered(status, length, body),
    )
  }

  /**
   * Connects and sends the first requests, or is counted among the broken ones. Nothing more is sent
   * before `start`: whoever connects later would have to wait behind all that.
   */
  open(): Promise<void> {
    return new Promise((resolve) => {
      const callback = (count: number, bytes: Uint8Array): boolean => {
        this.#reader.read((bytes as Buffer).subarray(0, count))
        if (this.#started) this.#fill()
        return true
      }
      const options = {
        port: this.requests.port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        // An option of sockets, which TLS sockets take as well.
        onread: { buffer: readBuffer, callback },
      }
      const socket = connect(options)
      this.#socket = socket.setNoDelay(true)
      socket.once('secureConnect', () => {
        this.#fill()
        resolve()
      })
      // Its end follows, and is what counts.
      socket.on('error', () => {})
      socket.on('close', () => {
        if (!this.#ended) this.tally.broken += 1
        this.#ended = true
        resolve()
      })
    })
  }

  start(): void {
    this.#started = true
    this.#fill()
  }

  /** Sends as many requests as may be under way, in one write. */
  #fill(): void {
    if (this.#ended) return
    const at = performance.now()
    let text = ''
    while (this.#underWay.length + this.#resting < this.requests.depth) {
      const nonce = this.nonce()
      this.#underWay.push({ nonce, at })
      text += this.#head + nonce + this.requests.after
    }
    if (text !== '') this.#socket?.write(text, 'latin1')
  }

  close(): void {
    this.#ended = true
    this.#socket?.destroy()
  }

  #answered(status: number, length: number, body: Buffer | null): void {
    const now = performance.now()
    const { nonce, at } = this.#underWay.shift() as Sent
    this.tally.count(status, length, at, now)
    if (body && this.#place !== null) {
      this.tally.sample[this.#place] = { nonce, body: body.toString('base64') }
    }
    if (status !== 200 && this.requests.patience > 0) this.#rest()
  }

  async #rest(): Promise<void> {
    this.#resting += 1
    await pause(this.requests.patience)
    this.#resting -= 1
    if (this.#started) this.#fill()
  }
}

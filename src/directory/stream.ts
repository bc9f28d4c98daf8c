// SPDX-License-Identifier: Apache-2.0
// Changes as server-sent events. There is one bounded record of the latest changes, and a listener is
// a place in it: one that is slow costs no memory, and one that was gone goes on where it was.

import type { ServerResponse } from 'node:http'
import type { Clock } from '../service/clock.js'
import type { Change, DirectoryState } from './state.js'

export interface StreamOptions {
  readonly state: DirectoryState
  readonly clock: Clock
  /** Of this process alone: places in the record of another one mean nothing here. */
  readonly epoch: string
  /** Changes in the record; default 4096. */
  readonly recorded?: number
  /** Listeners at once, and of one address; default 1024 and 16. */
  readonly most?: number
  readonly mostOfAddress?: number
}

/** Who listens, and to what. */
export interface Listening {
  /** Null for the leases of all. */
  readonly owner: string | null
  /** What the client heard last, as it says. */
  readonly lastEventId: string | null
  /** What counts as one address. */
  readonly subscriber: string
}

interface Listener extends Listening {
  readonly response: ServerResponse
  /** Place of the change that comes next. */
  next: number
  /** What was written is not taken yet. */
  blocked: boolean
  /** It was so when last looked at. */
  stuck: boolean
}

interface Recorded {
  readonly owner: string
  readonly event: string
}

const RECORDED = 4096
const MOST = 1024
const MOST_OF_ADDRESS = 16
/** Changes that follow on each other are sent together. */
const GATHER_MS = 20
/** Shorter than any proxy waits for the next byte, and a listener that takes nothing for two is gone. */
const HEARTBEAT_MS = 15_000
/** How long a client waits before it connects again. */
const RETRY_MS = 3_000
/** What is written before the client has to have taken some of it. */
const CHUNK_LEN = 0x4000

const EVENT_ID = /^([\w-]{1,64})\.(\d{1,15})$/

export class Streams {
  readonly #options: StreamOptions
  readonly #most: number
  readonly #mostOfAddress: number
  readonly #recorded: number
  readonly #record: Recorded[] = []
  /** Place of the change that happens next. */
  #next = 0
  readonly #listeners = new Set<Listener>()
  readonly #bySubscriber = new Map<string, number>()
  #gathering = false
  #cancel: () => void
  readonly #forget: () => void

  constructor(options: StreamOptions) {
    this.#options = options
    this.#recorded = options.recorded ?? RECORDED
    this.#most = options.most ?? MOST
    this.#mostOfAddress = options.mostOfAddress ?? MOST_OF_ADDRESS
    this.#forget = options.state.onChange((change) => this.#add(change))
    this.#cancel = options.clock.after(HEARTBEAT_MS, () => this.#beat())
  }

  get open(): number {
    return this.#listeners.size
  }

  /** Whether there is room for one more from there. */
  hasRoom(subscriber: string): boolean {
    const ofAddress = this.#bySubscriber.get(subscriber) ?? 0
    return this.#listeners.size < this.#most && ofAddress < this.#mostOfAddress
  }

  /** Takes over a response whose head is written. */
  add(response: ServerResponse, listening: Listening): void {
    const { lastEventId, subscriber } = listening
    const resumed = lastEventId === null ? this.#next : this.#placeOf(lastEventId)
    const next = resumed ?? Number.NEGATIVE_INFINITY
    const listener: Listener = { ...listening, response, next, blocked: false, stuck: false }
    this.#listeners.add(listener)
    this.#bySubscriber.set(subscriber, (this.#bySubscriber.get(subscriber) ?? 0) + 1)
    response.once('close', () => this.#remove(listener))
    response.on('drain', () => {
      listener.blocked = false
      listener.stuck = false
      this.#send(listener, '')
    })
    this.#send(listener, `retry: ${RETRY_MS}\n${this.#mark(resumed ?? this.#next)}`)
  }

  /** Ends all: their clients connect again, to whoever takes them then. */
  close(): void {
    this.#forget()
    this.#cancel()
    for (const { response } of this.#listeners) response.end()
  }

  /** Where a client was; null where nobody knows what it has missed. */
  #placeOf(lastEventId: string): number | null {
    const [, epoch, digits] = EVENT_ID.exec(lastEventId) ?? []
    const next = Number(digits) + 1
    return epoch === this.#options.epoch && next <= this.#next ? next : null
  }

  get #first(): number {
    return this.#next - this.#record.length
  }

  #add({ key, owner, etag }: Change): void {
    const data = JSON.stringify({ lease: key, etag })
    const event = `id: ${this.#idOf(this.#next)}\nevent: lease\ndata: ${data}\n\n`
    this.#record.push({ owner, event })
    this.#next++
    // Half as much again is kept, so that the rest need not be moved for each change.
    if (this.#record.length > 1.5 * this.#recorded)
      this.#record.splice(0, this.#record.length - this.#recorded)
    this.#gather()
  }

  #gather(): void {
    if (this.#gathering || this.#listeners.size === 0) return
    this.#gathering = true
    this.#options.clock.after(GATHER_MS, () => {
      this.#gathering = false
      for (const listener of this.#listeners) this.#send(listener, '')
    })
  }

  #idOf(place: number): string {
    return `${this.#options.epoch}.${place}`
  }

  /** Tells the place without an event: a client remembers it, so that it can resume from there. */
  #mark(next: number): string {
    return next > 0 ? `id: ${this.#idOf(next - 1)}\n\n` : '\n'
  }

  #beat(): void {
    for (const listener of this.#listeners) {
      if (listener.stuck) listener.response.destroy()
      else if (listener.blocked) listener.stuck = true
      else this.#send(listener, `: still here\n${this.#mark(this.#next)}`)
    }
    this.#cancel = this.#options.clock.after(HEARTBEAT_MS, () => this.#beat())
  }

  /** What a listener has to hear, as far as it takes it. */
  #send(listener: Listener, before: string): void {
    if (listener.blocked) return
    let text = before
    if (listener.next < this.#first) {
      text += `id: ${this.#idOf(this.#next - 1)}\nevent: reset\ndata: {}\n\n`
      listener.next = this.#next
    }
    while (listener.next < this.#next && text.length < CHUNK_LEN) {
      const { owner, event } = this.#record[listener.next - this.#first] as Recorded
      if (listener.owner === null || listener.owner === owner) text += event
      listener.next++
    }
    if (text !== '') listener.blocked = !listener.response.write(text, 'latin1')
    if (listener.next < this.#next) this.#send(listener, '')
  }

  #remove(listener: Listener): void {
    this.#listeners.delete(listener)
    const { subscriber } = listener
    const left = (this.#bySubscriber.get(subscriber) as number) - 1
    if (left > 0) this.#bySubscriber.set(subscriber, left)
    else this.#bySubscriber.delete(subscriber)
  }
}

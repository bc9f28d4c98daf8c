// SPDX-License-Identifier: Apache-2.0
// One resource of the API server, kept: a list, then watches from where it ended, and a new list only
// where changes would be missed otherwise.

import type { Logger } from 'pino'
import { pause } from '../service/lifetime.js'
import { ApiAnswer, ApiRefusal, type KubeApi } from './kube-api.js'
import { Backoff } from './kube-backoff.js'
import { type KubeObject, type KubeResource, list, versionOf } from './kube-list.js'
import { type WatchEvent, watch } from './kube-watch.js'

/** Where the objects of a resource go. */
export interface Sink {
  /** @returns whether something is kept of it */
  set(object: KubeObject): boolean
  delete(object: KubeObject): void
  /** Forgets what a whole list did not name. */
  keepOnly(keys: ReadonlySet<string>): void
}

export interface MirrorOptions {
  readonly api: KubeApi
  readonly resource: KubeResource
  readonly sink: Sink
  /** From 0 up to 1. */
  readonly random: () => number
  readonly log: Logger
  /** Something has changed: objects, or whether this is live. */
  readonly changed: () => void
}

export const keyOf = ({ metadata: { namespace = '', name } }: KubeObject): string =>
  `${namespace}/${name}`

const PAGE = 100
/** Of watches; twice as many at most, so that not all of them end at once. */
const LEAST_SECONDS = 240
/** A watch that lasted as long was no failure, even if nothing happened in it. */
const LASTING_MS = 1_000

export class Mirror {
  readonly #options: MirrorOptions
  readonly #backoff: Backoff
  #page = PAGE
  /** Of the last change that is known; null when there must be a list. */
  #version: string | null = null
  #synced = false
  #live = false
  #told = ''

  constructor(options: MirrorOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.random)
  }

  /** Whether there has been a whole list. */
  get synced(): boolean {
    return this.#synced
  }

  /** Whether it is as the API server has it, but for what is on its way. */
  get live(): boolean {
    return this.#live
  }

  /** Mirrors until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!this.#live) await this.#recall(signal)
        this.#version ??= await this.#list(signal)
        await this.#watch(this.#version, signal)
      } catch (error) {
        if (signal.aborted) return
        await pause(this.#options.api.clock, this.#lose(error as Error), signal)
      }
    }
  }

  /** What we know may be of a future that was undone: etcd was restored from a backup. */
  async #recall(signal: AbortSignal): Promise<void> {
    if (this.#version === null) return
    const { api, resource } = this.#options
    const present = await versionOf(api, resource, signal)
    if (isBefore(present, this.#version)) this.#version = null
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { api, resource, sink, changed } = this.#options
    const seen = new Set<string>()
    try {
      const version = await list(api, resource, this.#page, signal, (object) => {
        if (sink.set(object)) seen.add(keyOf(object))
        changed()
      })
      sink.keepOnly(seen)
      this.#synced = true
      changed()
      return version
    } catch (error) {
      // The moment was forgotten between two pages: larger ones get through sooner.
      if (isGone(error)) this.#page *= 2
      throw error
    }
  }

  async #watch(version: string, signal: AbortSignal): Promise<void> {
    const { api, resource, random } = this.#options
    const seconds = Math.floor(LEAST_SECONDS * (1 + random()))
    const since = api.clock.monotonic()
    let fruitful = false
    const opened = () => this.#found()
    const event = (what: WatchEvent) => {
      fruitful = true
      this.#apply(what)
    }
    try {
      await watch(api, resource, { version, seconds, signal, opened, event })
    } finally {
      if (fruitful || api.clock.monotonic() - since >= LASTING_MS) this.#backoff.reset()
    }
    // Ended in order, as it does every few minutes, and nothing is missed: but not as fast as it can.
    if (!fruitful && !signal.aborted) await pause(api.clock, this.#backoff.next(), signal)
  }

  #apply({ type, object }: WatchEvent): void {
    const { sink, changed } = this.#options
    if (type === 'DELETED') sink.delete(object)
    else if (type !== 'BOOKMARK') sink.set(object)
    this.#version = object.metadata.resourceVersion
    if (type !== 'BOOKMARK') changed()
  }

  #found(): void {
    if (this.#live) return
    this.#live = true
    const { log, resource, changed } = this.#options
    log.info({ resource: resource.path }, 'following the API server')
    this.#told = ''
    changed()
  }

  /** @returns how long to wait, in milliseconds */
  #lose(error: Error): number {
    const { log, resource, changed } = this.#options
    this.#live = false
    if (mustList(error)) this.#version = null
    const refusal = error instanceof ApiRefusal ? error : null
    const { message } = error
    // The same reason again is no news.
    const line = { resource: resource.path, ...(refusal && { status: refusal.status }) }
    if (message !== this.#told) log.warn(line, `cut off from the API server: ${message}`)
    this.#told = message
    changed()
    return Math.max(this.#backoff.next(), refusal?.retryAfterMs ?? 0)
  }
}

/** Whether a watch from the last version would miss something, or be refused again. */
const mustList = (error: Error): boolean =>
  error instanceof ApiRefusal ? !MAY_GO_ON.has(error.status) : error instanceof ApiAnswer

/** Who we are, or how often we ask, is the trouble; not what we know. */
const MAY_GO_ON: ReadonlySet<number> = new Set([401, 403, 429])

const isGone = (error: unknown): boolean => error instanceof ApiRefusal && error.status === 410

/** Versions are integers that grow, wherever they are digits. */
const isBefore = (a: string, b: string): boolean =>
  [a, b].every((version) => /^\d+$/.test(version)) && BigInt(a) < BigInt(b)

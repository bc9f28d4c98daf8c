// SPDX-License-Identifier: Apache-2.0
// An API server as a client sees it, over real HTTP: lists in pages of one moment, watches, bookmarks,
// compaction, and everything that goes wrong with them.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface FakeObject {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly [member: string]: unknown
  }
  readonly [member: string]: unknown
}

interface Change {
  readonly version: number
  readonly before: FakeObject | null
  readonly after: FakeObject | null
}

interface Watcher {
  readonly path: string
  readonly selector: Selector
  readonly response: ServerResponse
}

type Selector = (object: FakeObject | null) => boolean

/** What the next requests are answered in place of the truth. */
export interface Answer {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Only for watches, or only for lists. */
  readonly of?: 'watch' | 'list'
  /** Only of paths that end so. */
  readonly path?: string
  /** The answer does not come to its end. */
  readonly unended?: boolean
}

const keyOf = ({ metadata: { namespace = '', name } }: FakeObject): string => `${namespace}/${name}`

export class FakeKubeApi {
  readonly #server = createServer((request, response) => this.#answer(request, response))
  readonly #sockets = new Set<Socket>()
  readonly #objects = new Map<string, Map<string, FakeObject>>()
  readonly #changes = new Map<string, Change[]>()
  readonly #snapshots = new Map<string, readonly FakeObject[]>()
  readonly #watchers = new Set<Watcher>()
  #version = 100
  /** Versions below are forgotten. */
  #compacted = 0
  /** Every request as `METHOD path?query`. */
  readonly requests: string[] = []
  readonly headers: IncomingMessage['headers'][] = []
  /** Answers in place of the truth, the first one first. */
  readonly answers: Answer[] = []
  /** Nobody answers: connections are reset. */
  down = false
  /** Requests are taken and never answered. */
  mute = false
  /** Whatever happens, watches that are open say nothing. */
  hanging = false
  /** How a version that is forgotten is refused. */
  gone: 'status' | 'event' = 'status'
  /** So many of the next events arrive as nothing that can be read. */
  garbled = 0
  /** Called between two pages. */
  paging = () => {}

  static async start(): Promise<FakeKubeApi> {
    const fake = new FakeKubeApi()
    fake.#server.on('connection', (socket) => {
      if (fake.down) {
        socket.destroy()
        return
      }
      fake.#sockets.add(socket)
      socket.once('close', () => fake.#sockets.delete(socket))
    })
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve))
    return fake
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`)
  }

  get watching(): number {
    return this.#watchers.size
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  objects(path: string): readonly FakeObject[] {
    return [...(this.#objects.get(path)?.values() ?? [])]
  }

  /** Creates it, or puts it in the place of what was. */
  put(path: string, object: FakeObject): void {
    const version = ++this.#version
    const metadata = { ...object.metadata, resourceVersion: `${version}` }
    this.#change(path, { ...object, metadata }, version)
  }

  remove(path: string, { namespace, name }: { namespace?: string; name: string }): void {
    const key = `${namespace ?? ''}/${name}`
    const before = this.#objects.get(path)?.get(key)
    if (before) this.#change(path, null, ++this.#version, before)
  }

  /** As etcd does: what was up to now can no longer be asked for. */
  compact(): void {
    this.#compacted = this.#version
    this.#snapshots.clear()
  }

  /** As from a backup: the past again, and versions that have been used. */
  restore(objects: Readonly<Record<string, readonly FakeObject[]>>, version: number): void {
    this.#version = version
    this.#changes.clear()
    this.#objects.clear()
    for (const [path, list] of Object.entries(objects)) {
      this.#objects.set(path, new Map(list.map((object) => [keyOf(object), object])))
    }
  }

  get version(): number {
    return this.#version
  }

  bookmark(): void {
    const metadata = { resourceVersion: `${this.#version}`, name: '' }
    for (const watcher of this.#watchers) this.#write(watcher, 'BOOKMARK', { metadata })
  }

  /** Ends watches as the API server does when their time is over. */
  end(): void {
    for (const { response } of this.#watchers) response.end()
    this.#watchers.clear()
  }

  /** Cuts every connection, in the middle of an event if there is a text for it. */
  cut(middle = ''): void {
    for (const { response } of this.#watchers) if (middle !== '') response.write(middle)
    this.#watchers.clear()
    for (const socket of this.#sockets) {
      if (middle === '') socket.destroy()
      else socket.destroySoon()
    }
  }

  /** Says something to every watch. */
  say(line: string): void {
    for (const { response } of this.#watchers) response.write(`${line}\n`)
  }

  #change(path: string, after: FakeObject | null, version: number, gone?: FakeObject): void {
    const objects = this.#objects.get(path) ?? new Map<string, FakeObject>()
    this.#objects.set(path, objects)
    const key = keyOf((after ?? gone) as FakeObject)
    const before = objects.get(key) ?? null
    if (after) objects.set(key, after)
    else objects.delete(key)
    const change: Change = { version, before, after }
    this.#changes.set(path, [...(this.#changes.get(path) ?? []), change])
    for (const watcher of this.#watchers) {
      if (watcher.path === path && !this.hanging) this.#tell(watcher, change)
    }
  }

  #tell(watcher: Watcher, { version, before, after }: Change): void {
    const was = watcher.selector(before)
    if (after && watcher.selector(after)) {
      this.#write(watcher, was ? 'MODIFIED' : 'ADDED', after)
    } else if (was) {
      const { metadata, ...rest } = before as FakeObject
      const told = { ...rest, metadata: { ...metadata, resourceVersion: `${version}` } }
      this.#write(watcher, 'DELETED', told)
    }
  }

  #write({ response }: Watcher, type: string, object: unknown): void {
    const garbled = this.garbled > 0
    if (garbled) this.garbled--
    response.write(garbled ? '{"type":\n' : `${JSON.stringify({ type, object })}\n`)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method} ${request.url}`)
    this.headers.push(request.headers)
    if (this.mute) return
    const { pathname, searchParams } = new URL(request.url as string, 'http://fake')
    const isWatch = searchParams.get('watch') === 'true'
    const at = this.answers.findIndex(
      ({ of, path = '' }) =>
        (of === undefined || of === (isWatch ? 'watch' : 'list')) && pathname.endsWith(path),
    )
    const [answer] = at < 0 ? [] : this.answers.splice(at, 1)
    if (answer) {
      response.writeHead(answer.status, answer.headers)
      if (answer.unended) response.write(answer.body)
      else response.end(answer.body)
      return
    }
    const selector = selectorOf(searchParams)
    if (isWatch) this.#watch(pathname, selector, searchParams, response)
    else this.#list(pathname, selector, searchParams, response)
  }

  #list(path: string, selector: Selector, query: URLSearchParams, response: ServerResponse): void {
    const limit = Number(query.get('limit') ?? Number.POSITIVE_INFINITY)
    const [version = `${this.#version}`, from = '0'] = query.get('continue')?.split('-') ?? []
    const id = `${path} ${version}`
    if (!query.has('continue')) this.#snapshots.set(id, this.objects(path).filter(selector))
    else this.paging()
    const all = this.#snapshots.get(id)
    if (!all) {
      gone(response)
      return
    }
    const to = Number(from) + limit
    const metadata = {
      resourceVersion: version,
      ...(to < all.length && { continue: `${version}-${to}` }),
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ kind: 'List', metadata, items: all.slice(Number(from), to) }))
  }

  #watch(path: string, selector: Selector, query: URLSearchParams, response: ServerResponse): void {
    const version = Number(query.get('resourceVersion'))
    const missed = this.#compacted > version
    if (missed && this.gone === 'status') {
      gone(response)
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    const watcher = { path, selector, response }
    if (missed) {
      this.#write(watcher, 'ERROR', GONE)
      response.end()
      return
    }
    this.#watchers.add(watcher)
    response.once('close', () => this.#watchers.delete(watcher))
    for (const change of this.#changes.get(path) ?? []) {
      if (change.version > version) this.#tell(watcher, change)
    }
  }
}

const GONE = {
  kind: 'Status',
  status: 'Failure',
  reason: 'Expired',
  code: 410,
  message: 'too old resource version',
}

function gone(response: ServerResponse): void {
  response.writeHead(410, { 'content-type': 'application/json' }).end(JSON.stringify(GONE))
}

function selectorOf(query: URLSearchParams): Selector {
  const [label, value] = query.get('labelSelector')?.split('=') ?? []
  const name = query.get('fieldSelector')?.split('=')[1]
  return (object) =>
    object !== null &&
    (label === undefined || object.metadata.labels?.[label] === value) &&
    (name === undefined || object.metadata.name === name)
}

// SPDX-License-Identifier: Apache-2.0
// What changes of one resource, from one version on: one connection, until it ends one way or another.

import { ApiAnswer, ApiRefusal, type KubeApi } from './kube-api.js'
import { Lines } from './kube-lines.js'
import type { KubeObject, KubeResource } from './kube-list.js'

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: KubeObject & { readonly metadata: { readonly resourceVersion: string } }
}

export interface WatchOptions {
  readonly version: string
  /** How long the API server is to let it last. */
  readonly seconds: number
  readonly signal: AbortSignal
  /** It stands: nothing is missed from here on. */
  readonly opened: () => void
  readonly event: (event: WatchEvent) => void
}

/** An object of etcd is 1.5 MiB at most, and JSON writes some of its bytes as six. */
const LINE_LEN = 0x1000000
/**
 * API servers send a bookmark every minute, unless nothing at all has happened in the cluster. A watch
 * that says less may be a connection with nobody at its other end, and is asked for anew.
 */
const SILENCE_MS = 75_000

/**
 * Resolves when the API server ended the watch in order, and when it said nothing for too long: nothing
 * is missed either way, if the next one goes on from the last version.
 *
 * @throws {ApiRefusal} also for an event of type ERROR
 * @throws {ApiAnswer} when an event cannot be read: something has been missed then
 * @throws {Error} what the network says, when the connection was cut
 */
export async function watch(
  api: KubeApi,
  { path, query }: KubeResource,
  { version, seconds, signal, opened, event }: WatchOptions,
): Promise<void> {
  const asked = {
    ...query,
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: version,
    timeoutSeconds: `${seconds}`,
  }
  const response = await api.open(path, asked, signal)
  const silence = new Error('silence')
  const arm = () => api.clock.after(SILENCE_MS, () => response.destroy(silence))
  let disarm = arm()
  const lines = new Lines(LINE_LEN)
  opened()
  try {
    for await (const chunk of response) {
      disarm()
      disarm = arm()
      for (const line of linesOf(lines, chunk)) event(parseEvent(line))
    }
  } catch (error) {
    if (error !== silence) throw error
  } finally {
    disarm()
  }
}

function* linesOf(lines: Lines, chunk: Buffer): Generator<string> {
  try {
    yield* lines.push(chunk)
  } catch (cause) {
    throw new ApiAnswer('an event is too long', { cause })
  }
}

function parseEvent(line: string): WatchEvent {
  const { type, object } = readEvent(line)
  if (type === 'ERROR') {
    const { code, message } = Object(object)
    throw new ApiRefusal(Number(code ?? 0), `${message ?? 'the watch failed'}`)
  }
  if (typeof object?.metadata?.resourceVersion !== 'string' || !TYPES.has(type)) {
    throw new ApiAnswer(`an event of the API server is none: ${JSON.stringify(type)}`)
  }
  return { type, object } as WatchEvent
}

const TYPES: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'])

function readEvent(line: string): { type?: unknown; object?: Partial<WatchEvent['object']> } {
  try {
    return Object(JSON.parse(line))
  } catch (cause) {
    throw new ApiAnswer('an event of the API server is not JSON', { cause })
  }
}

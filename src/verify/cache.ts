// SPDX-License-Identifier: Apache-2.0
// Remembers what was derived from bytes, by those bytes: the same content is never worked on twice.

import { equalBytes } from '../core/bytes.js'

/** Engines limit an argument list, and content may be longer. */
const SLICE = 0x4000

/** The bytes themselves as a map key: exact, synchronous, and cheaper than any digest. */
export function contentKey(bytes: Uint8Array): string {
  let key = ''
  for (let at = 0; at < bytes.length; at += SLICE) {
    // Not spread: engines take a typed array as it is only here.
    const slice = bytes.subarray(at, at + SLICE) as unknown as number[]
    key += String.fromCharCode.apply(null, slice)
  }
  return key
}

/** How many bytes of some content its short key is made of, more or less. */
const SAMPLES = 128

/** What most contents differ in: the length, and bytes spread over it. */
function shortKey(content: Uint8Array): string {
  const step = Math.ceil(content.length / SAMPLES)
  if (step <= 1) return contentKey(content)
  const samples = [content.length & 0xffff, content.length >>> 16]
  for (let at = step - 1; at < content.length; at += step) samples.push(content[at] as number)
  return String.fromCharCode.apply(null, samples)
}

/** Of this many bytes at a time, some contents are compared: that of a RIM takes a tenth of the time. */
const WORD = 4

/** Whether a copy that was kept is of this content. Both are public: time may tell what differs. */
function isSame(kept: Uint8Array, content: Uint8Array): boolean {
  const { buffer, byteOffset, length } = content
  if (kept.length !== length) return false
  if (byteOffset % WORD !== 0) return equalBytes(kept, content)
  const words = Math.trunc(length / WORD)
  const a = new Uint32Array(kept.buffer, 0, words)
  const b = new Uint32Array(buffer, byteOffset, words)
  for (let at = 0; at < words; at++) if (a[at] !== b[at]) return false
  const rest = words * WORD
  return equalBytes(kept.subarray(rest), content.subarray(rest))
}

interface Entry<Value> {
  readonly content: Uint8Array
  readonly value: Value
}

/**
 * A bounded map from content to what was made of it; the oldest entry goes first. Found by a short
 * key and compared whole, which takes a fraction of the time of a key as long as the content. Of
 * contents that share a key the last one stays, so that nobody can make a search long.
 */
export class ContentCache<Value extends object> {
  readonly #entries = new Map<string, Entry<Value>>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** What `make` made of this content the first time. A `make` that throws leaves nothing behind. */
  get(content: Uint8Array, make: () => Value): Value {
    const key = shortKey(content)
    const known = this.#entries.get(key)
    if (known !== undefined && isSame(known.content, content)) return known.value
    const value = make()
    if (known === undefined && this.#entries.size >= this.#limit) {
      this.#entries.delete(this.#entries.keys().next().value as string)
    }
    // Not sliced: a Buffer of Node would go on sharing its memory with whoever handed it in.
    this.#entries.set(key, { content: new Uint8Array(content), value })
    return value
  }
}

/**
 * What `start` promised for this object the first time. A promise that fails is forgotten, so that a
 * passing fault of the host is not kept.
 */
export function remember<Value>(
  memory: WeakMap<object, Promise<Value>>,
  subject: object,
  start: () => Promise<Value>,
): Promise<Value> {
  let promise = memory.get(subject)
  if (promise === undefined) {
    promise = start()
    promise.catch(() => memory.delete(subject))
    memory.set(subject, promise)
  }
  return promise
}

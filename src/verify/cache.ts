// SPDX-License-Identifier: Apache-2.0
// Remembers what was derived from bytes, by those bytes: the same content is never worked on twice.

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

/** A bounded map from content to what was made of it; the oldest entry goes first. */
export class ContentCache<Value extends object> {
  readonly #entries = new Map<string, Value>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** What `make` made of this content the first time. A `make` that throws leaves nothing behind. */
  get(content: Uint8Array, make: () => Value): Value {
    const key = contentKey(content)
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const made = make()
    if (this.#entries.size >= this.#limit) {
      this.#entries.delete(this.#entries.keys().next().value as string)
    }
    this.#entries.set(key, made)
    return made
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

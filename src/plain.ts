// SPDX-License-Identifier: Apache-2.0
// Typed views → plain JSON-ready values, the one spelling of decoded evidence: bytes as hex in memory
// order, 64-bit integers as 0x…, names as the views have them.

import { toHex } from './encoding.js'

/** What JSON can say. */
export type Plain = string | number | boolean | null | readonly Plain[] | { [name: string]: Plain }

/**
 * The plain form of a value: a view's getters in the order they are declared, an object's own
 * properties, a list's elements.
 *
 * @param omit names left out of the outermost object, because their bytes stand in others
 */
export function plain(value: unknown, omit: readonly string[] = []): Plain {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'string') return value
  if (typeof value === 'bigint') return `0x${value.toString(16).padStart(16, '0')}`
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map((element) => plain(element))
  const object = value as Record<string, unknown>
  const entries: [string, Plain][] = []
  for (const name of names(object)) {
    if (!omit.includes(name)) entries.push([name, plain(object[name])])
  }
  return Object.fromEntries(entries)
}

/** Own properties of an object literal; getters of a view, whose fields are private. */
function names(object: object): readonly string[] {
  const own = Object.keys(object)
  return own.length > 0 ? own : getters(Object.getPrototypeOf(object))
}

const known = new WeakMap<object, readonly string[]>()

/** Listing them takes longer than reading them all, and a class has the same ones every time. */
function getters(prototype: object): readonly string[] {
  let names = known.get(prototype)
  if (names === undefined) {
    names = Object.entries(Object.getOwnPropertyDescriptors(prototype))
      .filter(([, { get }]) => get !== undefined)
      .map(([name]) => name)
    known.set(prototype, names)
  }
  return names
}

// SPDX-License-Identifier: Apache-2.0
// Values that a caller hands in → copies of the right kind. Whatever is wrong with them is `ERR_ARGUMENT`.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'

/** Refuses what is no object, and properties that nobody would read. */
export function known(value: object, names: readonly string[], what: string): void {
  if (typeof value !== 'object' || value === null) throw wrong(`${what}: an object expected`)
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) throw wrong(`${what}: unknown property ${JSON.stringify(name)}`)
  }
}

export function list<Item>(items: readonly Item[], name: string): Item[] {
  if (!Array.isArray(items)) throw wrong(`${name} is not an array`)
  return Array.from(items)
}

export const copies = (items: readonly Uint8Array[], name: string): Bytes[] =>
  list(items, name).map((bytes, at) => copy(bytes, `${name}[${at}]`))

export function copy(bytes: Uint8Array, name: string): Bytes {
  if (!(bytes instanceof Uint8Array)) throw wrong(`${name} is not a Uint8Array`)
  return new Uint8Array(bytes)
}

export const copyOrNull = (bytes: Uint8Array | null, name: string): Bytes | null =>
  bytes === null ? null : copy(bytes, name)

export function integer(value: number, name: string): number {
  if (!Number.isInteger(value)) throw wrong(`${name} is not an integer`)
  return value
}

/** A copy that nobody else can move. */
export function time(date: Date, name: string): Date {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return new Date(date)
  throw wrong(`${name} is not a valid Date`)
}

export const wrong = (message: string): AttestationError =>
  new AttestationError('ERR_ARGUMENT', message)

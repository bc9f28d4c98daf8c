// SPDX-License-Identifier: Apache-2.0
// Reading JSON that claims to be part of a Pod: what is absent is empty, as in Go, and what is of the
// wrong kind is refused where it stands.

import { AttestationError, type Code } from '../errors.js'

/** A JSON object, of which nothing is believed yet. */
export interface Fields {
  readonly [name: string]: unknown
}

const LONGEST = 80

export const refusal = (code: Code, message: string): AttestationError =>
  new AttestationError(code, message)

/** A text of somebody else, in one line and not at any length. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)

const wrong = (at: string, kind: string): AttestationError =>
  refusal('ERR_POD_FORMAT', `${at} must be ${kind}: no Pod has this`)

const isAbsent = (value: unknown): value is null | undefined =>
  value === undefined || value === null

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const NOTHING: Fields = Object.freeze({})

export function fieldsOf(value: unknown, at: string): Fields {
  if (isAbsent(value)) return NOTHING
  if (!isFields(value)) throw wrong(at, 'an object')
  return value
}

export function listOf(value: unknown, at: string): readonly unknown[] {
  if (isAbsent(value)) return []
  if (!Array.isArray(value)) throw wrong(at, 'a list')
  return value
}

/** Absent is empty. */
export function textOf(value: unknown, at: string): string {
  if (isAbsent(value)) return ''
  if (typeof value !== 'string') throw wrong(at, 'a string')
  return value
}

/** Absent is false. */
export function flagOf(value: unknown, at: string): boolean {
  if (isAbsent(value)) return false
  if (typeof value !== 'boolean') throw wrong(at, 'true or false')
  return value
}

/** Absent is 0. */
export function integerOf(value: unknown, at: string): number {
  if (isAbsent(value)) return 0
  if (!Number.isInteger(value)) throw wrong(at, 'an integer')
  return value as number
}

/** A name may be any, such as one that every object has from its prototype. */
export const ownOf = (fields: Fields, name: string): unknown =>
  Object.hasOwn(fields, name) ? fields[name] : undefined

/** One value of a map of strings, as labels and annotations are; undefined when it is not there. */
export function entryOf(map: Fields, name: string, at: string): string | undefined {
  return Object.hasOwn(map, name) ? textOf(map[name], `${at}[${quoted(name)}]`) : undefined
}

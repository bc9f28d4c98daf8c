// SPDX-License-Identifier: Apache-2.0
// The kinds of fields that a policy has. Each is a value or the literal 'any', says in words what it
// expects, and carries a description, which ends up in the JSON Schema and in commented policies.

import * as v from 'valibot'

const ANY = v.literal('any')

/** A field that takes the literal besides its own values. */
export function orAny<const Schema extends v.GenericSchema>(
  schema: Schema,
  expected: string,
  description: string,
) {
  return v.pipe(v.union([ANY, schema], `"any" or ${expected} expected`), v.description(description))
}

/** An object of exactly these fields. */
export function object<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.strictObject(entries, 'object expected')
}

/** One of the words given. */
export function word<const Word extends string>(words: readonly Word[], description: string) {
  return v.pipe(v.picklist(words, `${spell(words)} expected`), v.description(description))
}

/** Text of one form. */
export function text(pattern: RegExp, expected: string) {
  const message = `${expected} expected`
  return v.pipe(v.string(message), v.regex(pattern, message))
}

/** An integer of [minimum, maximum]. */
export function integer(minimum: number, maximum: number) {
  const message = `integer from ${minimum} to ${maximum} expected`
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(minimum, message),
    v.maxValue(maximum, message),
  )
}

/**
 * A list of things to accept. An empty one would accept nothing, and two entries with the same key
 * cannot both be meant.
 */
export function listOf<const Item extends v.GenericSchema>(
  item: Item,
  key: (entry: v.InferOutput<Item>) => unknown = (entry) => entry,
) {
  return v.pipe(
    v.array(item, 'list expected'),
    v.minLength(1, 'list of at least one entry expected'),
    v.check((list) => new Set(list.map(key)).size === list.length, 'each entry once expected'),
    v.metadata({ uniqueItems: true }),
  )
}

/** Hex of so many bytes, in the one spelling that all output of ours has. */
export function hex(...lengths: readonly number[]) {
  const digits = lengths.map((length) => 2 * length)
  const pattern = digits.map((count) => `[0-9a-f]{${count}}`).join('|')
  return text(new RegExp(`^(?:${pattern})$`), `${digits.join(' or ')} lower-case hex digits`)
}

/** `"a", "b" or "c"`. */
function spell(words: readonly string[]): string {
  const quoted = words.map((one) => `"${one}"`)
  return [quoted.slice(0, -1).join(', '), ...quoted.slice(-1)].filter((part) => part).join(' or ')
}

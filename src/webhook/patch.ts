// SPDX-License-Identifier: Apache-2.0
// Two versions of a Pod → the RFC 6902 operations that lead from one to the other. rfc6902 compares
// lists by edit distance, which is quadratic in containers and deep in each of them; the versions that
// we make share all that did not change, so here identity tells, and a list costs its length.

import { createPatch, type Operation, type Pointer } from 'rfc6902'

export type { Operation } from 'rfc6902'

type PartialDiff = NonNullable<Parameters<typeof createPatch>[2]>

/** @returns no operation where nothing changed */
export const patchBetween = (before: object, after: object): readonly Operation[] =>
  createPatch(before, after, listsByIdentity)

const listsByIdentity: PartialDiff = (before, after, at) => {
  if (before === after) return []
  return Array.isArray(before) && Array.isArray(after) ? listPatch(before, after, at) : undefined
}

function listPatch(
  before: readonly unknown[],
  after: readonly unknown[],
  at: Pointer,
): Operation[] {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1
  const gone = before.slice(head, before.length - tail)
  const come = after.slice(head, after.length - tail)
  const both = Math.min(gone.length, come.length)
  const operations: Operation[] = []
  for (let index = 0; index < both; index += 1) {
    const inside = createPatch(gone[index], come[index], listsByIdentity)
    const base = at.add(String(head + index)).toString()
    operations.push(...inside.map((one) => ({ ...one, path: `${base}${one.path}` })))
  }
  const path = at.add(String(head + both)).toString()
  for (const _ of gone.slice(both)) operations.push({ op: 'remove', path })
  for (const [index, value] of come.slice(both).entries()) {
    operations.push({ op: 'add', path: at.add(String(head + both + index)).toString(), value })
  }
  return operations
}

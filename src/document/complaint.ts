// SPDX-License-Identifier: Apache-2.0
// What is wrong with a document, in one sentence that names the field and what was expected there.

import type * as v from 'valibot'

/** As much of what was found as a message repeats. */
const MAX_SHOWN = 40

/**
 * The first thing that is wrong.
 *
 * @param kind of document, with its article: `a policy`
 */
export const complaintOf = (
  [issue]: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]],
  kind: string,
): string => describe(kind, deepest(issue))

/** A union blames itself; the alternative that came furthest knows what is wrong. */
function deepest(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown> {
  const alternatives = (issue.issues ?? []).map(deepest)
  const [inner] = alternatives.sort((a, b) => pathOf(b).length - pathOf(a).length)
  if (!inner || pathOf(inner).length === 0) return issue
  return { ...inner, path: [...pathOf(issue), ...pathOf(inner)] as NonNullable<typeof issue.path> }
}

const pathOf = ({ path }: v.BaseIssue<unknown>): readonly v.IssuePathItem[] => path ?? []

function describe(kind: string, { path, expected, message, input }: v.BaseIssue<unknown>): string {
  const place = path ? spell(path) : 'the document'
  const leaf = path?.at(-1)
  if (leaf?.origin === 'key') {
    return expected === 'never' ? `${place} is no field of ${kind}` : `${place} is missing`
  }
  return `${place}: ${message}, got ${show(input)}`
}

function spell(path: readonly v.IssuePathItem[]): string {
  const steps = path.map(({ key }) => {
    if (typeof key === 'number') return `[${key}]`
    const name = String(key)
    return /^\w{1,40}$/.test(name) ? `.${name}` : `[${quote(name)}]`
  })
  return steps.join('').replace(/^\./, '')
}

function show(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return 'list'
  return typeof value === 'number' || value === null ? String(value) : typeof value
}

/** The start of a text as a message may repeat it: in quotes, on one line, printable. */
export function quote(text: string): string {
  const quoted = JSON.stringify(text.slice(0, MAX_SHOWN)).replaceAll(/[^ -~]/g, '?')
  return text.length > MAX_SHOWN ? `${quoted}…` : quoted
}

// SPDX-License-Identifier: Apache-2.0
// A policy → JSON with `//` comments: what each field means, in the words of the schema, and what is
// noted about it here.

import * as v from 'valibot'
import type { Policy } from './policy.js'
import { PolicySchema } from './policy-schema.js'
import { GpuPolicySchema } from './policy-schema-gpus.js'

/** Columns of a comment, its indent included. */
const WIDTH = 100
/** Objects and lists up to this long stand on one line. */
const INLINE = 80

/** Notes by the path of their field, such as `snp.minimumTcb.reported`. */
export type Notes = ReadonlyMap<string, string>

/** Description of every field and section of the document, by its path. */
export const DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  ...descriptions(PolicySchema, ''),
  // One of two things that stand there, of which the other has no fields.
  ...descriptions(GpuPolicySchema, 'gpus'),
])

/** Fields whose own fields are described one by one. */
const SECTIONS: ReadonlySet<string> = new Set(
  [...DESCRIPTIONS.keys()].map((path) => path.slice(0, path.lastIndexOf('.'))),
)

/** The document, opened by `head`; reading it again gives the policy. */
export function policyText(policy: Policy, head: readonly string[], notes: Notes): string {
  const opening = head.flatMap((paragraph) => comment(paragraph, ''))
  return [...opening, ...section(policy, '', '', notes), ''].join('\n')
}

function descriptions(schema: v.GenericSchema, path: string): [string, string][] {
  const description = v.getDescription(schema)
  const own: [string, string][] = description === undefined ? [] : [[path, description]]
  const { wrapped, entries } = schema as Partial<{
    wrapped: v.GenericSchema
    entries: Record<string, v.GenericSchema>
  }>
  if (wrapped) return descriptions(wrapped, path)
  const below = Object.entries(entries ?? {}).flatMap(([name, entry]) =>
    descriptions(entry, path === '' ? name : `${path}.${name}`),
  )
  return [...own, ...below]
}

function section(fields: object, path: string, indent: string, notes: Notes): string[] {
  const deeper = `${indent}  `
  const entries = Object.entries(fields)
  const lines = entries.flatMap(([name, value], at) => {
    const own = path === '' ? name : `${path}.${name}`
    const body =
      SECTIONS.has(own) && typeof value === 'object'
        ? section(value, own, deeper, notes)
        : lay(value, deeper).split('\n')
    const [first, ...rest] = body
    const said = [DESCRIPTIONS.get(own), notes.get(own)].filter((text) => text !== undefined)
    const laid = [`${deeper}${JSON.stringify(name)}: ${first}`, ...rest]
    if (at < entries.length - 1) laid.push(`${laid.pop()},`)
    return [...said.flatMap((text) => comment(text, deeper)), ...laid]
  })
  return ['{', ...lines, `${indent}}`]
}

/** JSON, each entry of a list on its own line where all of them do not fit on one. */
function lay(value: unknown, indent: string): string {
  const line = JSON.stringify(value)
  if (line.length <= INLINE || !Array.isArray(value)) return spaced(line)
  const rows = value.map((row) => `${indent}  ${spaced(JSON.stringify(row))}`)
  return `[\n${rows.join(',\n')}\n${indent}]`
}

/** A space behind each comma and colon that is not in a string. */
const spaced = (json: string): string =>
  json.replace(/"(?:[^"\\]|\\.)*"|[,:]/g, (token) => (token.length > 1 ? token : `${token} `))

function comment(text: string, indent: string): string[] {
  const start = `${indent}//`
  const lines = [start]
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string
    if (last.length + word.length < WIDTH || last === start) lines.push(`${lines.pop()} ${word}`)
    else lines.push(`${start} ${word}`)
  }
  return lines
}

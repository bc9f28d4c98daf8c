// SPDX-License-Identifier: Apache-2.0
// What the schemas of evidence documents are made of, and how a document is read by one.

import * as v from 'valibot'
import type { Bytes } from '../core/private-copy.js'
import { fromBase64 } from '../encoding.js'
import { AttestationError } from '../errors.js'
import type { FormatCode } from './types.js'

/** Where in a file a document stands, and whose mistake it is when it is malformed. */
export interface Place {
  readonly code: FormatCode
  /** Path of the document in the file, with its dot: `evidence.`; empty for the file itself. */
  readonly within: string
}

const BASE64 = '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

/** Canonical base64 (RFC 4648 §4) of `least` to `most` bytes, read as those bytes. */
export const bytes = (least: number, most: number) =>
  v.pipe(
    v.string(),
    v.maxLength(4 * Math.ceil(most / 3), `at most ${most} bytes expected`),
    // For the published schema alone: what counts is whether it decodes.
    v.metadata({ contentEncoding: 'base64', minLength: 4 * Math.ceil(least / 3), pattern: BASE64 }),
    v.rawTransform<string, Bytes>(({ dataset, addIssue, NEVER }) => {
      const decoded = decode(dataset.value)
      if (decoded === null) {
        addIssue({ message: 'canonical base64 expected' })
        return NEVER
      }
      if (decoded.length < least || decoded.length > most) {
        const range = least === most ? `${least}` : `${least} to ${most}`
        addIssue({ message: `${range} bytes expected, got ${decoded.length}` })
        return NEVER
      }
      return decoded
    }),
  )

function decode(text: string): Bytes | null {
  try {
    return fromBase64(text, '')
  } catch {
    return null
  }
}

export const integer = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))

export const list = <Item extends v.GenericSchema>(item: Item, most: number) =>
  v.pipe(v.array(item), v.maxLength(most, `at most ${most} elements expected`))

/**
 * Reads `value` by `schema`.
 *
 * @throws {AttestationError} `place.code`, naming the first field that is wrong
 */
export function read<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  place: Place,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true, abortPipeEarly: true, message })
  if (result.success) return result.output
  const [{ path = [], message: sentence }] = result.issues
  throw malformed(place, pathText(path.map(({ key }) => key)), sentence)
}

export const malformed = ({ code, within }: Place, path: string, sentence: string) =>
  new AttestationError(code, `${within}${path}: ${sentence}`)

/** Valibot's own sentences quote what they got. JSON has no undefined: it stands for nothing. */
function message({ expected, received }: v.BaseIssue<unknown>): string {
  if (received === 'undefined') return 'missing'
  return expected === 'never' ? 'no such member' : `${expected} expected`
}

/** As in JavaScript. A name that the document chose itself appears only when it is harmless. */
function pathText(keys: readonly unknown[]): string {
  const steps = keys.map((key) => {
    if (typeof key === 'number') return `[${key}]`
    return /^\w{1,40}$/.test(key as string) ? `.${key}` : '.…'
  })
  return steps.join('').replace(/^\./, '') || 'document'
}

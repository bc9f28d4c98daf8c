// SPDX-License-Identifier: Apache-2.0
// JSON that has one reading: UTF-8, bounded, and no member name twice in one object.

import { AttestationError, type Code } from '../errors.js'
import { LIMITS } from '../protocol.js'

export interface JsonLimits {
  readonly bytes: number
  /** Objects and lists within each other. */
  readonly depth: number
}

/** Far deeper than any format here, far flatter than what exhausts a stack. */
const DOCUMENT: JsonLimits = { bytes: LIMITS.document, depth: 32 }
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a document. Names that stand twice are refused because readers differ in which one counts:
 * what was checked and what is used could then be two things.
 *
 * @param document text, or its bytes
 * @throws {AttestationError} `code`
 */
export function parseJson(
  document: string | Uint8Array,
  code: Code,
  { bytes, depth }: JsonLimits = DOCUMENT,
): unknown {
  if (document.length > bytes) {
    const limit = `a document of at most ${bytes} bytes expected`
    throw new AttestationError(code, `${limit}, got ${document.length}`)
  }
  const text = typeof document === 'string' ? document : decodeUtf8(document, code)
  const value = parse(text, code)
  checkNames(text, code, depth)
  return value
}

function decodeUtf8(bytes: Uint8Array, code: Code): string {
  try {
    return UTF_8.decode(bytes)
  } catch {
    throw new AttestationError(code, 'not UTF-8')
  }
}

/** The engine's own words quote the document, so they go no further. */
function parse(text: string, code: Code): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new AttestationError(code, 'not JSON')
  }
}

/** Of the characters that structure JSON, by their codes: comparing those is what makes this fast. */
const CODE = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openList: 0x5b,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const

/** Walks the tokens of valid JSON with the names of every object that is open; null for a list. */
function checkNames(text: string, code: Code, depth: number): void {
  const open: (Set<string> | null)[] = []
  /** Whether a string would be the name of a member. */
  let isName = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case CODE.quote: {
        const end = stringEnd(text, at)
        if (isName) addName(open.at(-1) as Set<string>, text.slice(at, end), code)
        at = end - 1
        break
      }
      case CODE.colon:
        isName = false
        break
      case CODE.comma:
        isName = open.at(-1) !== null
        break
      case CODE.openObject:
        open.push(new Set())
        isName = true
        checkDepth(open.length, code, depth)
        break
      case CODE.openList:
        open.push(null)
        isName = false
        checkDepth(open.length, code, depth)
        break
      case CODE.closeList:
      case CODE.closeObject:
        open.pop()
        break
    }
  }
}

function checkDepth(depth: number, code: Code, most: number): void {
  if (depth > most) throw new AttestationError(code, `nested deeper than ${most} levels`)
}

/** Names are compared as they read, not as they are escaped. */
function addName(names: Set<string>, literal: string, code: Code): void {
  const name = literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1)
  if (names.has(name)) throw new AttestationError(code, 'a member name stands twice in one object')
  names.add(name)
}

/** Behind the closing quote of the string that opens at `at`. */
function stringEnd(text: string, at: number): number {
  let end = text.indexOf('"', at + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end + 1
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let start = at
  while (text[start - 1] === '\\') start--
  return (at - start) % 2 === 1
}

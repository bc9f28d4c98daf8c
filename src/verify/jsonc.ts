// SPDX-License-Identifier: Apache-2.0
// JSON with `//` comments, read strictly: what JSON.parse reads and comments besides, but no name twice
// in one object, of which JSON.parse would silently take the last.

import { quote } from '../document/complaint.js'

/** Characters of a token that a message repeats. */
const MAX_TOKEN_LEN = 40
/** Objects and lists inside each other; far more than any document of ours has. */
const MAX_DEPTH = 32

const SPACE = /(?:[ \t\r\n]+|\/\/[^\r\n]*)*/y
const TOKEN =
  /[{}[\]:,]|"(?:[^"\\]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

/**
 * The value of a JSON text that may carry `//` comments wherever white space may stand.
 *
 * @throws {SyntaxError} with the line, for anything else and for a name that stands twice
 */
export function parseJsonc(text: string): unknown {
  return new Reader(text).document()
}

class Reader {
  readonly #text: string
  /** Behind the token in hand. */
  #at = 0
  /** The token in hand; empty at the end. */
  #token = ''

  constructor(text: string) {
    this.#text = text
    this.#next()
  }

  document(): unknown {
    const value = this.#value(0)
    if (this.#token !== '') throw this.#wrong('the end')
    return value
  }

  #value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.#error('objects and lists stand too deep in each other')
    const token = this.#token
    if (token === '{') return this.#object(depth)
    if (token === '[') return this.#list(depth)
    if (token === '' || '}]:,'.includes(token)) throw this.#wrong('a value')
    const value: unknown = token.startsWith('"') ? this.#string() : JSON.parse(token)
    this.#next()
    return value
  }

  #object(depth: number): object {
    const members = new Map<string, unknown>()
    this.#next()
    while (this.#token !== '}') {
      if (members.size > 0) this.#expect(',', '"," or "}"')
      if (!this.#token.startsWith('"')) throw this.#wrong('a name in double quotes')
      const name = this.#string()
      if (members.has(name)) throw this.#error(`${quote(name)} stands twice in one object`)
      this.#next()
      this.#expect(':', '":"')
      members.set(name, this.#value(depth + 1))
    }
    this.#next()
    return Object.fromEntries(members)
  }

  #list(depth: number): unknown[] {
    const list: unknown[] = []
    this.#next()
    while (this.#token !== ']') {
      if (list.length > 0) this.#expect(',', '"," or "]"')
      list.push(this.#value(depth + 1))
    }
    this.#next()
    return list
  }

  #string(): string {
    try {
      return JSON.parse(this.#token)
    } catch {
      throw this.#error('a string has an escape or a control character that JSON does not allow')
    }
  }

  #expect(token: string, what: string): void {
    if (this.#token !== token) throw this.#wrong(what)
    this.#next()
  }

  #next(): void {
    SPACE.lastIndex = this.#at
    SPACE.exec(this.#text)
    TOKEN.lastIndex = SPACE.lastIndex
    const [token = ''] = TOKEN.exec(this.#text) ?? []
    this.#at = SPACE.lastIndex + token.length
    this.#token = token
    if (token === '' && this.#at < this.#text.length) throw this.#error('this is no JSON')
  }

  #wrong(expected: string): SyntaxError {
    const token = this.#token
    const got = token.startsWith('"') ? 'a string' : token.slice(0, MAX_TOKEN_LEN) || 'the end'
    return this.#error(`${expected} expected, got ${got}`)
  }

  #error(message: string): SyntaxError {
    const line = this.#text.slice(0, this.#at).split('\n').length
    return new SyntaxError(`line ${line}: ${message}`)
  }
}

// SPDX-License-Identifier: Apache-2.0
// A reader of DER (X.690) and of nothing else: an element has one encoding, and any other is refused.
// A general library reads BER too, takes longer over one certificate than all of its cryptography
// (bench/README.md), and what it lets pass would have to be caught around it.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'

export const BOOLEAN = 0x01
export const INTEGER = 0x02
export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const NULL = 0x05
export const OBJECT_IDENTIFIER = 0x06
export const ENUMERATED = 0x0a
export const UTF8_STRING = 0x0c
export const PRINTABLE_STRING = 0x13
export const IA5_STRING = 0x16
export const UTC_TIME = 0x17
export const GENERALIZED_TIME = 0x18
export const SEQUENCE = 0x30
export const SET = 0x31
/** EXPLICIT. */
export const CONTEXT_0 = 0xa0
export const CONTEXT_1 = 0xa1
export const CONTEXT_2 = 0xa2
export const CONTEXT_3 = 0xa3

const LONG_LENGTH = 0x80
/** Octets of a long length: enough for whatever may be presented. */
const LENGTH_OCTETS_MAX = 3

export const malformed = (message: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_CERTIFICATE_FORMAT', message, options)

/** Reads the elements of one piece of DER in turn. Bytes that it returns are copies. */
export class DerReader {
  readonly #der: Bytes
  readonly #end: number
  #at: number

  constructor(der: Bytes, at = 0, end = der.length) {
    this.#der = der
    this.#at = at
    this.#end = end
  }

  /** Whether nothing is left. */
  get done(): boolean {
    return this.#at === this.#end
  }

  /** The tag of the next element; undefined when there is none. */
  get tag(): number | undefined {
    return this.done ? undefined : this.#der[this.#at]
  }

  /** A reader of the content of the next element, which must have this tag. */
  inside(tag: number): DerReader {
    const start = this.#pass(tag)
    return new DerReader(this.#der, start, this.#at)
  }

  /** The content of the next element, which must have this tag. */
  content(tag: number): Bytes {
    const start = this.#pass(tag)
    return this.#der.slice(start, this.#at)
  }

  /** The next element, which must have this tag, as it is encoded. */
  element(tag: number): Bytes {
    const from = this.#at
    this.#pass(tag)
    return this.#der.slice(from, this.#at)
  }

  /** Refuses what follows. */
  end(): void {
    if (!this.done) throw malformed(`unexpected element ${this.#place()}`)
  }

  /** Steps over the next element; returns where its content starts. */
  #pass(tag: number): number {
    if (this.tag !== tag) throw malformed(`tag 0x${tag.toString(16)} expected ${this.#place()}`)
    const first = this.#octet(this.#at + 1)
    let start = this.#at + 2
    let length = first
    if (first >= LONG_LENGTH) {
      const octets = first - LONG_LENGTH
      length = 0
      if (octets > LENGTH_OCTETS_MAX) throw malformed(`length too long ${this.#place()}`)
      for (const from = start; start < from + octets; start++) {
        length = (length << 8) | this.#octet(start)
      }
      // No octets at all are the indefinite form.
      if (length < LONG_LENGTH || length < 1 << (8 * (octets - 1))) {
        throw malformed(`length not as in DER ${this.#place()}`)
      }
    }
    if (length > this.#end - start) throw malformed(`element cut short ${this.#place()}`)
    this.#at = start + length
    return start
  }

  #octet(at: number): number {
    if (at >= this.#end) throw malformed(`element cut short ${this.#place()}`)
    return this.#der[at] as number
  }

  #place(): string {
    return `at 0x${this.#at.toString(16)}`
  }
}

/** What `read` makes of DER that holds nothing besides. */
export function exactly<Value>(der: Bytes, read: (reader: DerReader) => Value): Value {
  const reader = new DerReader(der)
  const value = read(reader)
  reader.end()
  return value
}

// SPDX-License-Identifier: Apache-2.0
// Reads HTTP/1.1 answers off a stream as cheaply as can be: bodies are skipped over, unless somebody
// wants one.

const HEAD_END = Buffer.from('\r\n\r\n', 'latin1')
const LENGTH = 'content-length: '
/** Behind `HTTP/1.1 `. */
const STATUS_AT = 9
const STATUS_LEN = 3
/** It has no body, and need not say so. */
const NOT_MODIFIED = 304
const NOTHING = Buffer.alloc(0)

/** Told of each whole answer; `body` is null unless it was wanted. */
export type Whole = (status: number, bodyLength: number, body: Buffer | null) => void

export class AnswerReader {
  /** The beginning of a head that is not whole yet. */
  #head = NOTHING
  #status = 0
  #bodyLength = 0
  /** Bytes of the body that are still to come; null while a head is read. */
  #left: number | null = null
  #body: Buffer | null = null

  /** @param wanted whether to keep the body of the answer that has just begun */
  constructor(
    private readonly wanted: (status: number) => boolean,
    private readonly whole: Whole,
  ) {}

  /** Takes what came; the bytes are the caller's again afterwards. */
  read(bytes: Buffer): void {
    let rest = bytes
    while (rest.length > 0) {
      rest = this.#left === null ? this.#readHead(rest) : this.#readBody(rest, this.#left)
    }
  }

  #readHead(bytes: Buffer): Buffer {
    const head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes])
    const end = head.indexOf(HEAD_END)
    if (end < 0) {
      this.#head = Buffer.from(head)
      return NOTHING
    }
    const text = head.toString('latin1', 0, end).toLowerCase()
    const at = text.indexOf(LENGTH)
    this.#head = NOTHING
    this.#status = Number.parseInt(text.slice(STATUS_AT, STATUS_AT + STATUS_LEN), 10)
    if (at < 0 && this.#status !== NOT_MODIFIED) {
      throw new Error('the load reads only answers with content-length')
    }
    this.#bodyLength = at < 0 ? 0 : Number.parseInt(text.slice(at + LENGTH.length), 10)
    this.#body = this.wanted(this.#status) ? Buffer.alloc(this.#bodyLength) : null
    return this.#readBody(head.subarray(end + HEAD_END.length), this.#bodyLength)
  }

  #readBody(bytes: Buffer, left: number): Buffer {
    const count = Math.min(left, bytes.length)
    if (this.#body) bytes.copy(this.#body, this.#bodyLength - left, 0, count)
    this.#left = left - count
    if (this.#left === 0) {
      this.#left = null
      this.whole(this.#status, this.#bodyLength, this.#body)
    }
    return bytes.subarray(count)
  }
}

// SPDX-License-Identifier: Apache-2.0
// Bodies as they come, within a budget: whoever sends large ones, and slowly, leaves room for the
// small ones of everybody else.

import type { Readable } from 'node:stream'
import { AttestationError } from '../errors.js'

export interface IntakeLimits {
  /** Of one body. */
  readonly body: number
  /** As much of each body is always taken. */
  readonly free: number
  /** What is beyond that, of all bodies at once. */
  readonly shared: number
}

export class Intake {
  #shared = 0

  constructor(private readonly limits: IntakeLimits) {}

  /**
   * Reads a whole body and makes something of it. What follows a refusal is read, too, and kept
   * nowhere, so that its client gets to read why.
   *
   * @param length as announced; NaN where it was not
   * @throws {AttestationError} `ERR_REQUEST_SIZE`, `ERR_QUEUE_FULL`, `ERR_QUEUE_CANCELLED`; and what
   * `use` throws
   */
  async take<T>(stream: Readable, length: number, use: (body: Buffer) => T): Promise<T> {
    let held = 0
    const fits = (size: number): AttestationError | null => {
      const { body, free, shared } = this.limits
      if (size > body) return tooLarge(body)
      const more = Math.max(size - free, 0) - held
      if (this.#shared + more > shared) return full()
      this.#shared += more
      held += more
      return null
    }
    try {
      if (length > this.limits.body) {
        stream.resume()
        throw tooLarge(this.limits.body)
      }
      return use(await collected(stream, fits))
    } finally {
      this.#shared -= held
    }
  }
}

/** @param fits asked with the size so far, before a piece is kept; why not, or null */
function collected(
  stream: Readable,
  fits: (size: number) => AttestationError | null,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const take = (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      const refusal = fits(size)
      if (refusal === null) return
      // It flows on, to nobody.
      stream.off('data', take)
      chunks.length = 0
      reject(refusal)
    }
    stream.on('data', take)
    stream.once('end', () => resolve(Buffer.concat(chunks, size)))
    // Without an end before: the connection broke.
    stream.once('close', () => reject(gone()))
    stream.once('error', () => {})
  })
}

const tooLarge = (most: number) =>
  new AttestationError('ERR_REQUEST_SIZE', `a body of at most ${most} bytes expected`)
const full = () =>
  new AttestationError('ERR_QUEUE_FULL', 'too many large reviews at once; ask again')
const gone = () => new AttestationError('ERR_QUEUE_CANCELLED', 'the client left')

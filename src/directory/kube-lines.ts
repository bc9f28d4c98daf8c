// SPDX-License-Identifier: Apache-2.0
// Lines out of a stream of bytes. What has no end of line yet is not handed out: a connection that is
// cut in the middle of an event has not told it.

const NEWLINE = 0x0a

export class Lines {
  #pieces: Buffer[] = []
  #length = 0

  /** @param most bytes of one line */
  constructor(private readonly most: number) {}

  /**
   * The lines that end in this piece.
   *
   * @throws {RangeError} for one that is too long
   */
  *push(chunk: Buffer): Generator<string> {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from)
      this.#keep(chunk.subarray(from, end < 0 ? chunk.length : end))
      if (end < 0) return
      const line = this.#take()
      if (line !== '') yield line
      from = end + 1
    }
  }

  #keep(piece: Buffer): void {
    this.#length += piece.length
    if (this.#length > this.most) throw new RangeError('the line is too long')
    if (piece.length > 0) this.#pieces.push(piece)
  }

  #take(): string {
    const line = Buffer.concat(this.#pieces, this.#length).toString('utf8')
    this.#pieces = []
    this.#length = 0
    return line
  }
}

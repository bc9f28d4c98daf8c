// SPDX-License-Identifier: Apache-2.0
// The one copy of a piece of evidence that a typed view reads: little-endian integers, and fresh
// copies of ranges.

/** Bytes of its own buffer, which WebCrypto takes as they are. */
export type Bytes = Uint8Array<ArrayBuffer>

// An allocation costs several times what checking a report does, so small copies share one. Nobody
// sees it: what leaves are copies, and each place is written once. It lives as long as its last one.
const SHELF_LEN = 0x8000
let shelf = new ArrayBuffer(0)
let next = 0

export class PrivateCopy {
  readonly #view: DataView<ArrayBuffer>

  constructor(bytes: Uint8Array) {
    if (bytes.length > shelf.byteLength - next) {
      shelf = new ArrayBuffer(Math.max(SHELF_LEN, bytes.length))
      next = 0
    }
    new Uint8Array(shelf).set(bytes, next)
    this.#view = new DataView(shelf, next, bytes.length)
    next += bytes.length
  }

  u8(at: number): number {
    return this.#view.getUint8(at)
  }

  u16(at: number): number {
    return this.#view.getUint16(at, true)
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true)
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(at, true)
  }

  /** A fresh copy of [at, at + length). */
  bytes(at: number, length: number): Bytes {
    const { buffer, byteOffset, byteLength } = this.#view
    return new Uint8Array(buffer, byteOffset, byteLength).slice(at, at + length)
  }
}

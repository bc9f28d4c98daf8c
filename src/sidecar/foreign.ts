// SPDX-License-Identifier: Apache-2.0
// Functions of C libraries, called off the event loop. koffi is loaded with the first library: a guest
// that needs none does not pay for it.

import type { Bytes } from '../core/private-copy.js'

/** Memory that C reads and writes, and the places in it that hold addresses of other memory. */
export interface Memory {
  readonly bytes: Bytes
  /** Each of them a u64, filled in at the call. */
  readonly pointers: readonly { readonly at: number; readonly to: Memory }[]
}

/** Zeros at a fixed address: what V8 keeps in its own heap, as it does small arrays, can move. */
export const memory = (length: number, pointers: Memory['pointers'] = []): Memory => ({
  bytes: new Uint8Array(new ArrayBuffer(length)),
  pointers,
})

/** The fields of what C left there. */
export const viewOf = ({ bytes }: Memory): DataView => new DataView(bytes.buffer, bytes.byteOffset)

/** A bigint is an address that C gave. */
export type Argument = number | bigint | Memory

export interface Returned {
  readonly value: number
  /** What the function left in errno; it means something only where the value says so. */
  readonly errno: number
}

export type ForeignFunction = (...values: readonly Argument[]) => Promise<Returned>

export interface Library {
  /**
   * @param prototype in C, returning an int, and its parameters integers and `void *`
   * @throws {Error} when the library has no such function
   */
  func(prototype: string): ForeignFunction
}

/**
 * @param name as the dynamic linker knows it; null is the process itself, with whatever C library it
 * has and whoever stands before that
 * @throws {Error} when it cannot be loaded, for the linker's reason
 */
export async function openLibrary(name: string | null): Promise<Library> {
  const { default: koffi } = await import('koffi')
  const library = koffi.load(name)
  // C may write long after everybody else has forgotten the memory.
  const inUse = new Set<readonly Argument[]>()
  const place = ({ bytes, pointers }: Memory): bigint => {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (const { at, to } of pointers) view.setBigUint64(at, place(to), true)
    return koffi.address(bytes)
  }
  return {
    func(prototype) {
      const call = library.func(prototype)
      return (...values) =>
        new Promise((resolve) => {
          inUse.add(values)
          const placed = values.map((one) => (typeof one === 'object' ? place(one) : one))
          call.async(...placed, (_: unknown, value: number) => {
            // Read here: after an await it is that of another call.
            const errno = koffi.errno()
            inUse.delete(values)
            resolve({ value, errno })
          })
        })
    },
  }
}

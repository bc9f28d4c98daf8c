// SPDX-License-Identifier: Apache-2.0
// ioctl(2): request numbers from what they say, arguments that point to one another, and the call
// itself off the event loop.

import type { Bytes } from '../core/private-copy.js'

/** Which way the argument travels, seen from here. Linux asm-generic/ioctl.h, _IOC_WRITE and _IOC_READ. */
export const DIRECTION = { none: 0, write: 1, read: 2, both: 3 } as const
export type Direction = (typeof DIRECTION)[keyof typeof DIRECTION]

// Fields of a request number, lowest first: number, type, size, direction.
const NUMBER_BITS = 8
const TYPE_BITS = 8
const SIZE_BITS = 14

/**
 * A request number, made of its parts as the kernel's _IOC macro makes it (asm-generic/ioctl.h).
 *
 * @param type one character, which stands for the driver
 * @param size length of the argument in bytes
 */
export function requestNumber(
  direction: Direction,
  type: string,
  number: number,
  size: number,
): number {
  // Multiplied, not shifted: a shift into the top bit would make the number negative.
  const sized = direction * 2 ** SIZE_BITS + size
  const typed = sized * 2 ** TYPE_BITS + type.charCodeAt(0)
  return typed * 2 ** NUMBER_BITS + number
}

/** Memory that a driver reads and writes, and the places in it that hold addresses of other memory. */
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

/**
 * One ioctl. It resolves with 0, or with the error number that the driver gave; it does not reject
 * for what a driver says.
 */
export type Ioctl = (fd: number, request: number, argument: Memory) => Promise<number>

/** Loads koffi, which a guest that needs no ioctl does not pay for, and declares the call. */
export async function systemIoctl(): Promise<Ioctl> {
  const { default: koffi } = await import('koffi')
  // Null is the process itself: whatever its C library is called, and whoever stands before it.
  const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, void *argument)')
  // A driver may write long after everybody else has forgotten the memory.
  const inUse = new Set<Memory>()
  const place = ({ bytes, pointers }: Memory): bigint => {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (const { at, to } of pointers) view.setBigUint64(at, place(to), true)
    return koffi.address(bytes)
  }
  return (fd, request, argument) =>
    new Promise((resolve) => {
      inUse.add(argument)
      ioctl.async(fd, request, place(argument), (_: unknown, result: number) => {
        // Read here: after an await it is that of another call.
        const errno = koffi.errno()
        inUse.delete(argument)
        resolve(result === -1 ? errno : 0)
      })
    })
}

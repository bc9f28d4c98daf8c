// SPDX-License-Identifier: Apache-2.0
// ioctl(2): request numbers from what they say, and the call itself.

import { type Memory, openLibrary } from './foreign.js'

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

/**
 * One ioctl. It resolves with 0, or with the error number that the driver gave; it does not reject
 * for what a driver says.
 */
export type Ioctl = (fd: number, request: number, argument: Memory) => Promise<number>

/** The ioctl of this process. */
export async function systemIoctl(): Promise<Ioctl> {
  const library = await openLibrary(null)
  const ioctl = library.func('int ioctl(int fd, unsigned long request, void *argument)')
  return async (fd, request, argument) => {
    const { value, errno } = await ioctl(fd, request, argument)
    return value === -1 ? errno : 0
  }
}

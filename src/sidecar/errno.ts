// SPDX-License-Identifier: Apache-2.0
// What an error number of Linux means for attestation. By number: Node has no name for some of them.

import { AttestationError, type Code } from '../errors.js'

/** asm-generic/errno.h, which x86-64 and arm64 share. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  ENXIO: 6,
  EAGAIN: 11,
  EACCES: 13,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  ENOTTY: 25,
  EROFS: 30,
} as const

const CODE_OF: ReadonlyMap<number, Code> = new Map([
  [ERRNO.ENOENT, 'ERR_DEVICE_ABSENT'],
  [ERRNO.ENXIO, 'ERR_DEVICE_ABSENT'],
  [ERRNO.ENODEV, 'ERR_DEVICE_ABSENT'],
  [ERRNO.EPERM, 'ERR_DEVICE_PERMISSION'],
  [ERRNO.EACCES, 'ERR_DEVICE_PERMISSION'],
  [ERRNO.EROFS, 'ERR_DEVICE_PERMISSION'],
  [ERRNO.EINTR, 'ERR_DEVICE_BUSY'],
  [ERRNO.EAGAIN, 'ERR_DEVICE_BUSY'],
  [ERRNO.EBUSY, 'ERR_DEVICE_BUSY'],
  // The driver answers every request so once it has wiped its key, until the guest boots again.
  [ERRNO.ENOTTY, 'ERR_DEVICE_LOST'],
])

/** For strangers, who have no use for a number. */
const WORDS: Readonly<Record<number, string>> = {
  [ERRNO.EPERM]: 'it is not permitted',
  [ERRNO.ENOENT]: 'there is no such thing',
  [ERRNO.EINTR]: 'it was interrupted',
  5: 'the firmware or the host failed',
  [ERRNO.ENXIO]: 'there is no such device any more',
  [ERRNO.EAGAIN]: 'it is busy',
  [ERRNO.EACCES]: 'access is denied',
  [ERRNO.EBUSY]: 'it is busy',
  [ERRNO.ENODEV]: 'there is no such device',
  [ERRNO.EINVAL]: 'the driver does not accept it',
  [ERRNO.ENOTTY]: 'the driver takes no requests any more',
  [ERRNO.EROFS]: 'it is mounted read-only',
}

/**
 * The refusal for a system call that failed. Which number it was is for its cause to say, which goes
 * to the log.
 *
 * @param errno positive, as the kernel's headers have it
 * @param what the step, in words: `reading outblob`
 */
export function deviceError(errno: number, what: string, options: ErrorOptions): AttestationError {
  const code = CODE_OF.get(errno) ?? 'ERR_DEVICE_IO'
  return new AttestationError(code, `${what}: ${WORDS[errno] ?? 'it failed'}`, options)
}

/** The positive error number of what Node threw, or null where it is no failed system call. */
export function errnoOf(error: unknown): number | null {
  const errno = error instanceof Error && 'errno' in error ? error.errno : null
  return typeof errno === 'number' ? Math.abs(errno) : null
}

/** `step`, whose failure in the kernel becomes the refusal that its number stands for. */
export async function system<T>(what: string, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (cause) {
    const errno = errnoOf(cause)
    throw errno === null ? cause : deviceError(errno, what, { cause })
  }
}

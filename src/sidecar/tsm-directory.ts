// SPDX-License-Identifier: Apache-2.0
// A directory of configfs-tsm of one's own: made for one request, kept from others, and removed.

import { randomBytes } from 'node:crypto'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { system } from './errno.js'
import type { TsmIo } from './tsm-io.js'

/** How the names of ours begin. All containers of a guest share the tree. */
export const NAME_PREFIX = 'assay-'
/** Chosen blindly, so that nobody can be there first. */
const NAME_RANDOM_LEN = 16
const TEXT_MOST = 256

/** The attributes of one directory. Failures are `ERR_DEVICE_*`, with Node's error as their cause. */
export class TsmDirectory {
  constructor(
    private readonly io: TsmIo,
    private readonly path: string,
  ) {}

  write(attribute: string, bytes: Uint8Array): Promise<void> {
    return system(`writing ${attribute}`, this.io.write(`${this.path}/${attribute}`, bytes))
  }

  /** @throws {AttestationError} `ERR_DEVICE_ANSWER` for more than `most` bytes, too */
  async read(attribute: string, most: number): Promise<Bytes> {
    const file = `${this.path}/${attribute}`
    const bytes = await system(`reading ${attribute}`, this.io.read(file, most))
    if (bytes.length <= most) return bytes
    throw new AttestationError('ERR_DEVICE_ANSWER', `${attribute} has more than ${most} bytes`)
  }

  /** Without the newline. */
  async text(attribute: string): Promise<string> {
    const bytes = await this.read(attribute, TEXT_MOST)
    return new TextDecoder().decode(bytes).replace(/\n$/, '')
  }

  async number(attribute: string, most = Number.MAX_SAFE_INTEGER): Promise<number> {
    const text = await this.text(attribute)
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value <= most) return value
    throw new AttestationError(
      'ERR_DEVICE_ANSWER',
      `${attribute} expected a number up to ${most}, got ${JSON.stringify(text)}`,
    )
  }
}

/** Work in a new directory, which is gone afterwards. */
export async function inOwnDirectory<T>(
  io: TsmIo,
  dir: string,
  work: (directory: TsmDirectory) => Promise<T>,
): Promise<T> {
  const path = `${dir}/${NAME_PREFIX}${randomBytes(NAME_RANDOM_LEN).toString('hex')}`
  await system('making a request directory', io.mkdir(path))
  try {
    // The kernel makes it readable by everybody, whatever mkdir asks for.
    await system('closing a request directory to others', io.chmod(path, 0o700))
    return await work(new TsmDirectory(io, path))
  } finally {
    await removed(io, path)
  }
}

/**
 * Removes the directories of ours that processes left which did not end well. Another sidecar of the
 * same guest may lose the one it is using, and then asks again in a new one.
 */
export async function removeLeftovers(io: TsmIo, dir: string): Promise<void> {
  const names = await system('looking for configfs-tsm', io.readdir(dir))
  for (const name of names) {
    if (name.startsWith(NAME_PREFIX)) await removed(io, `${dir}/${name}`)
  }
}

/** What cannot be removed now is left to the next start; it is no reason to withhold a report. */
async function removed(io: TsmIo, path: string): Promise<void> {
  await io.rmdir(path).catch(() => {})
}

// SPDX-License-Identifier: Apache-2.0
// Writes output files: under its name a file appears whole, or it does not appear.

import { randomUUID } from 'node:crypto'
import { link, rename, rm, writeFile } from 'node:fs/promises'
import { AttestationError } from '../errors.js'

const REASONS: Record<string, string> = {
  EEXIST: 'there is one already, and it is not overwritten',
  EISDIR: 'it is a folder',
  ENOENT: 'no such folder',
  EACCES: 'permission denied',
}

/**
 * Creates a file.
 *
 * @throws {AttestationError} `ERR_FILE` when there is something of that name, or it cannot be written
 */
export const createFile = (name: string, content: string): Promise<void> =>
  // A link, unlike a rename, never replaces what is there.
  write(name, content, link)

/**
 * Creates a file, or puts it in the place of the one of that name.
 *
 * @throws {AttestationError} `ERR_FILE`
 */
export const replaceFile = (name: string, content: string): Promise<void> =>
  write(name, content, rename)

async function write(
  name: string,
  content: string,
  publish: (draft: string, name: string) => Promise<void>,
): Promise<void> {
  // By a name of its own: process ids repeat, in containers always, and one may have crashed here.
  const draft = `${name}.${randomUUID()}.part`
  try {
    await writeFile(draft, content, { flag: 'wx', flush: true })
    await publish(draft, name)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason = REASONS[String(code)] ?? code
    throw new AttestationError('ERR_FILE', `cannot write ${name}: ${reason}`, { cause })
  } finally {
    // Where this fails too, the first failure says more.
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

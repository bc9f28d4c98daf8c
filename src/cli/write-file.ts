// SPDX-License-Identifier: Apache-2.0
// Writes output files: whole or not at all, and never over one that is there.

import { link, rm, writeFile } from 'node:fs/promises'
import { AttestationError } from '../errors.js'

const REASONS: Record<string, string> = {
  EEXIST: 'there is one already, and it is not overwritten',
  ENOENT: 'no such folder',
  EACCES: 'permission denied',
}

/**
 * Creates a file. It appears under its name with all of its content, or it does not appear.
 *
 * @throws {AttestationError} `ERR_FILE` when there is something of that name, or it cannot be written
 */
export async function createFile(name: string, content: string): Promise<void> {
  const draft = `${name}.${process.pid}.part`
  try {
    await writeFile(draft, content, { flag: 'wx' })
    // A link, unlike a rename, never replaces what is there.
    await link(draft, name)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason = REASONS[String(code)] ?? code
    throw new AttestationError('ERR_FILE', `cannot write ${name}: ${reason}`, { cause })
  } finally {
    // Where this fails too, the first failure says more.
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

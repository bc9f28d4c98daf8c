// SPDX-License-Identifier: Apache-2.0
// Replaces files: a reader sees the old contents or the new ones, whole.

import { open, rename, rm } from 'node:fs/promises'
import { AttestationError } from '../errors.js'

/**
 * Puts `text` in place of what the file held, if there was one.
 *
 * @throws {AttestationError} `ERR_FILE`
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`
  try {
    const handle = await open(draft, 'wx')
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (cause) {
    await rm(draft, { force: true })
    const { code } = cause as NodeJS.ErrnoException
    throw new AttestationError('ERR_FILE', `cannot write ${file}: ${code}`, { cause })
  }
}

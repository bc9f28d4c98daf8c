// SPDX-License-Identifier: Apache-2.0
// Writes output files: under its name a file appears whole, or it does not appear.

import { randomUUID } from 'node:crypto'
import {
  access,
  constants,
  link,
  lstat,
  mkdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import path from 'node:path'
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
export const createFile = (name: string, content: string | Uint8Array): Promise<void> =>
  // A link, unlike a rename, never replaces what is there.
  write(name, content, link)

/**
 * Refuses now what `createFile` would refuse later, before work is done that nobody could keep.
 *
 * @throws {AttestationError} `ERR_FILE`
 */
export async function checkCreatable(name: string): Promise<void> {
  try {
    await access(path.dirname(name), constants.W_OK)
    const there = await lstat(name).catch(absent)
    if (there !== null) throw Object.assign(new Error('taken'), { code: 'EEXIST' })
  } catch (cause) {
    throw unwritable(name, cause)
  }
}

/**
 * Creates a folder unless it is there.
 *
 * @throws {AttestationError} `ERR_FILE`
 */
export async function createFolder(name: string): Promise<void> {
  try {
    await makeFolders(path.resolve(name))
  } catch (cause) {
    throw unwritable(name, cause)
  }
}

/** Not with `recursive` of Node, which never ends where a file system has no room for folders: /proc. */
async function makeFolders(name: string): Promise<void> {
  if (await isFolder(name)) return
  await makeFolders(path.dirname(name))
  await mkdir(name)
}

/** False for what is not there; `ENOTDIR` and the like are for `mkdir` to say. */
const isFolder = (name: string): Promise<boolean> =>
  stat(name).then(
    (found) => found.isDirectory(),
    () => false,
  )

function absent(cause: NodeJS.ErrnoException): null {
  if (cause.code === 'ENOENT') return null
  throw cause
}

/**
 * Creates a file, or puts it in the place of the one of that name.
 *
 * @throws {AttestationError} `ERR_FILE`
 */
export const replaceFile = (name: string, content: string): Promise<void> =>
  write(name, content, rename)

async function write(
  name: string,
  content: string | Uint8Array,
  publish: (draft: string, name: string) => Promise<void>,
): Promise<void> {
  // By a name of its own: process ids repeat, in containers always, and one may have crashed here.
  const draft = `${name}.${randomUUID()}.part`
  try {
    await writeFile(draft, content, { flag: 'wx', flush: true })
    await publish(draft, name)
  } catch (cause) {
    throw unwritable(name, cause)
  } finally {
    // Where this fails too, the first failure says more.
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

function unwritable(name: string, cause: unknown): AttestationError {
  const { code } = cause as NodeJS.ErrnoException
  const reason = REASONS[String(code)] ?? code
  return new AttestationError('ERR_FILE', `cannot write ${name}: ${reason}`, { cause })
}

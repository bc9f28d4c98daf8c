// SPDX-License-Identifier: Apache-2.0
// The public names of `assay/disk-store`: an endorsement store in a folder, for Node. Any number of
// processes may share it.

import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { EndorsementStore } from '../verify/store.js'
import { decodeEntry, encodeEntry, MAX_FILE_LEN } from './entry.js'

export type { EndorsementStore, StoredEntry } from '../verify/store.js'

/** Bounds of a store on disk. */
export interface DiskStoreOptions {
  /** Files to keep, of a few KiB each; the ones written longest ago go first. 1,024 unless told. */
  readonly maxFiles?: number
}

const MAX_FILES = 1024
const ENTRY = /^[0-9a-f]{64}\.entry$/
const UNFINISHED = /^[0-9a-f]{64}\.[0-9a-f]{16}\.new$/
/** Nobody takes that long to write a few KiB: whoever began has crashed. */
const WRITE_MS = 3_600_000
/** Not through a link, and not waiting for the other end of a pipe; 0 where a system lacks them. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Keeps entries as files below `dir`, which is made when the first one is written: folder and files
 * for the user alone. A name is the SHA-256 of the key, because keys are longer than some systems
 * allow and differ in case, which some systems ignore. Files appear whole, by renaming; one that is
 * damaged, foreign or unreadable is a miss.
 */
export function diskStore(
  dir: string,
  { maxFiles = MAX_FILES }: DiskStoreOptions = {},
): EndorsementStore {
  const place = (key: string): string =>
    path.join(dir, createHash('sha256').update(key).digest('hex'))
  return {
    async get(key) {
      const bytes = await readSmall(`${place(key)}.entry`)
      return bytes && decodeEntry(key, bytes)
    },
    async put(key, entry) {
      await mkdir(dir, { recursive: true, mode: 0o700 })
      await write(place(key), encodeEntry(key, entry))
      await prune(dir, maxFiles)
    },
  }
}

async function readSmall(file: string): Promise<Uint8Array | null> {
  try {
    const handle = await open(file, READ)
    try {
      const stat = await handle.stat()
      return stat.isFile() && stat.size <= MAX_FILE_LEN ? await handle.readFile() : null
    } finally {
      await handle.close()
    }
  } catch {
    return null
  }
}

/**
 * Without waiting for the disk: a crash may leave a damaged file behind, and a damaged file is a
 * miss.
 */
async function write(place: string, content: Uint8Array): Promise<void> {
  const unfinished = `${place}.${randomBytes(8).toString('hex')}.new`
  try {
    await writeFile(unfinished, content, { flag: 'wx', mode: 0o600 })
    await rename(unfinished, `${place}.entry`)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

/** Removes the entries written longest ago, and what a crash left half written. */
async function prune(dir: string, maxFiles: number): Promise<void> {
  const names = await readdir(dir)
  const entries = names.filter((name) => ENTRY.test(name))
  const unfinished = await dated(
    dir,
    names.filter((name) => UNFINISHED.test(name)),
  )
  // By the clock of the file system, which has just changed the folder.
  const now = await writtenAt(dir)
  const doomed = unfinished.filter(({ at }) => now - at > WRITE_MS)
  if (entries.length > maxFiles) {
    const oldestFirst = (await dated(dir, entries)).sort((a, b) => a.at - b.at)
    doomed.push(...oldestFirst.slice(0, entries.length - maxFiles))
  }
  for (const { file } of doomed) await rm(file, { force: true })
}

function dated(dir: string, names: readonly string[]): Promise<{ file: string; at: number }[]> {
  const files = names.map((name) => path.join(dir, name))
  return Promise.all(files.map(async (file) => ({ file, at: await writtenAt(file) })))
}

/** Another process may have removed it meanwhile. */
const writtenAt = (file: string): Promise<number> =>
  stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )

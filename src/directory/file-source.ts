// SPDX-License-Identifier: Apache-2.0
// Leases and expectations from files, read again when they change. A file that is wrong is refused as
// a whole, in one line, and what was read before it stays.

import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from 'pino'
import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import { type NamedDocument, named, readExpectations } from './expectation-files.js'
import { type DirectoryFile, parseDirectoryFile } from './file-document.js'
import type { Source } from './source.js'
import type { DirectoryState } from './state.js'

export interface FileSourceOptions {
  /** Of the document; it names the folder of the others. */
  readonly file: string
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'error'>
}

/** Looked at, and not waited for: mounted ConfigMaps and network file systems tell nobody. */
const LOOK_EVERY_MS = 1_000
const EXTENSION = '.json'

interface Read extends DirectoryFile {
  readonly documents: ReadonlyMap<string, Uint8Array>
}

export class FileSource implements Source {
  readonly #options: FileSourceOptions
  #folder: string | null = null
  /** What the files looked like before they were read. */
  #seen = ''
  #connected = false
  #closed = false
  #cancel = () => {}

  constructor(options: FileSourceOptions) {
    this.#options = options
  }

  /** False while the files are not what they should be, and an older state is served. */
  get connected(): boolean {
    return this.#connected
  }

  /** @throws {AttestationError} `ERR_SOURCE_DOCUMENT` when the files are wrong to begin with */
  async start(state: DirectoryState): Promise<void> {
    this.#fill(state, await this.#read())
    this.#wait(state)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
  }

  #fill(state: DirectoryState, { leases, documents }: Read): void {
    state.setExpectations(documents)
    state.replaceLeases(leases)
    this.#connected = true
    const { counts } = state
    this.#options.log.info(counts, 'source read')
  }

  #wait(state: DirectoryState): void {
    if (this.#closed) return
    this.#cancel = this.#options.clock.after(LOOK_EVERY_MS, async () => {
      await this.#look(state)
      this.#wait(state)
    })
  }

  async #look(state: DirectoryState): Promise<void> {
    if ((await this.#appearance()) === this.#seen) return
    try {
      const read = await this.#read()
      if (!this.#closed) this.#fill(state, read)
    } catch (error) {
      this.#connected = false
      const { code, message } = error as AttestationError
      this.#options.log.error({ code }, `source refused, the last good one stays: ${message}`)
    }
  }

  async #read(): Promise<Read> {
    const { file } = this.#options
    this.#seen = await this.#appearance()
    const read = parseNamed(path.basename(file), await bytesOf(file))
    const folder =
      read.expectations === null ? null : path.resolve(path.dirname(file), read.expectations)
    if (folder !== this.#folder) {
      this.#folder = folder
      this.#seen = await this.#appearance()
    }
    const documents = readExpectations(folder === null ? [] : await documentsIn(folder))
    checkNames(read, documents)
    return { ...read, documents }
  }

  /** Changes whenever one of the files does. */
  async #appearance(): Promise<string> {
    const folder = this.#folder
    const names = folder === null ? [] : await namesIn(folder).catch(() => [])
    const files = [this.#options.file, ...names.map((name) => path.join(folder as string, name))]
    return (await Promise.all(files.map(appearanceOf))).join()
  }
}

const parseNamed = (name: string, bytes: Uint8Array): DirectoryFile =>
  named(name, () => parseDirectoryFile(bytes))

async function appearanceOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [file, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return `${file} ${(error as NodeJS.ErrnoException).code}`
  }
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

async function documentsIn(folder: string): Promise<NamedDocument[]> {
  const names = await namesIn(folder).catch((cause) => {
    throw unreadable(folder, cause)
  })
  return Promise.all(
    names.map(async (name) => ({ name, bytes: await bytesOf(path.join(folder, name)) })),
  )
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names.filter((name) => name.endsWith(EXTENSION)).sort()
}

/** A digest that nobody can look up is a slip of whoever wrote the file. */
function checkNames({ leases }: DirectoryFile, documents: ReadonlyMap<string, unknown>): void {
  for (const { lease, endpoints } of leases) {
    for (const digest of endpoints.flatMap(({ expectations }) => expectations)) {
      if (documents.has(digest)) continue
      throw new AttestationError(
        'ERR_SOURCE_DOCUMENT',
        `the lease with dseq ${lease.dseq} names ${digest}, and no file of expectations has this digest`,
      )
    }
  }
}

function unreadable(file: string, cause: unknown): AttestationError {
  const { code } = cause as NodeJS.ErrnoException
  return new AttestationError(
    'ERR_SOURCE_DOCUMENT',
    `cannot read ${path.basename(file)}: ${code}`,
    { cause },
  )
}

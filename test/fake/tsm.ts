// SPDX-License-Identifier: Apache-2.0
// configfs-tsm of the test world: a kernel (6.12 and 7.2 answer alike) with one provider behind it,
// as it was watched doing. Every file operation is on record.

import type { TsmIo } from '../../src/sidecar/tsm-io.js'
import { mintReport } from './snp.js'

/** What one of the next firmware requests does instead of answering. */
export type Fault =
  | { readonly errno: number }
  /** Does not come back until `release` is called. */
  | { readonly hang: Promise<void> }
  /** The report is of these bytes, whatever was asked. */
  | { readonly answer: (good: Uint8Array) => Uint8Array }

interface Directory {
  mode: number
  generation: number
  inblob: Uint8Array | null
  privlevel: number
  /** Of the one request since the last write. */
  cached: { readonly outblob: Uint8Array; readonly auxblob: Uint8Array } | null
}

export interface FakeTsmOptions {
  readonly provider?: string
  readonly floor?: number
  readonly auxblob?: Uint8Array
  readonly mint?: (reportData: Uint8Array, vmpl: number) => Uint8Array
}

export const REPORT_DIR = '/sys/kernel/config/tsm/report'

/** What Node throws; numbers without a name exist too. */
export const nodeError = (errno: number, syscall: string): Error =>
  Object.assign(new Error(`${syscall} failed`), { errno: -errno, syscall })

export class FakeTsm implements TsmIo {
  readonly directories = new Map<string, Directory>()
  /** `mkdir`, `read outblob`, …, in order. */
  readonly log: string[] = []
  /** Consumed one by one by firmware requests. */
  readonly faults: Fault[] = []
  /** Run once, before the operation of this name in `log`. */
  readonly before = new Map<string, (name: string) => void | Promise<void>>()
  /** Null: gone. */
  provider: string | null
  floor: number
  mounted = true
  readOnly = false
  requests = 0
  /** The most firmware requests that were under way at once. */
  atOnce = 0
  #running = 0
  #lock: Promise<unknown> = Promise.resolve()
  readonly #auxblob: Uint8Array
  readonly #mint: (reportData: Uint8Array, vmpl: number) => Uint8Array

  constructor(options: FakeTsmOptions = {}) {
    this.provider = options.provider ?? 'sev_guest'
    this.floor = options.floor ?? 0
    this.#auxblob = options.auxblob ?? new Uint8Array()
    this.#mint = options.mint ?? ((reportData, vmpl) => mintReport({ reportData, vmpl }))
  }

  async mkdir(path: string): Promise<void> {
    const name = await this.#enter('mkdir', path)
    await this.#exclusive(() => {
      if (!this.mounted) throw nodeError(2, 'mkdir')
      if (this.readOnly) throw nodeError(30, 'mkdir')
      if (this.provider === null) throw nodeError(6, 'mkdir')
      if (this.directories.has(name)) throw nodeError(17, 'mkdir')
      this.create(name)
    })
  }

  /** Behind the back of whoever is asked: a leftover, somebody else's. */
  create(name: string): void {
    const fresh = { mode: 0o755, generation: 0, inblob: null, privlevel: 0, cached: null }
    this.directories.set(name, fresh)
  }

  async chmod(path: string, mode: number): Promise<void> {
    this.#get(await this.#enter('chmod', path), 'chmod').mode = mode
  }

  async readdir(path: string): Promise<readonly string[]> {
    await this.#enter('readdir', path)
    if (!this.mounted) throw nodeError(2, 'scandir')
    return [...this.directories.keys()]
  }

  async rmdir(path: string): Promise<void> {
    const name = await this.#enter('rmdir', path)
    this.#get(name, 'rmdir')
    this.directories.delete(name)
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    const { name, attribute } = split(path)
    await this.#enter(`write ${attribute}`, path)
    const directory = this.#get(name, 'open')
    if (!this.#has(attribute)) throw nodeError(13, 'open')
    if (attribute === 'privlevel') return this.#writePrivlevel(directory, bytes)
    if (attribute !== 'inblob') throw nodeError(13, 'open')
    if (bytes.length === 0) return
    // It counts at close, which waits for the lock and has no error to give.
    await this.#exclusive(() => {
      if (this.directories.get(name) !== directory) return
      directory.inblob = bytes.length > 64 ? null : bytes.slice()
      directory.generation++
      directory.cached = null
    })
    if (bytes.length > 64) throw nodeError(27, 'write')
  }

  async read(path: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
    const { name, attribute } = split(path)
    await this.#enter(`read ${attribute}`, path)
    const bytes = await this.#exclusive(() => {
      const directory = this.#get(name, 'open')
      if (!this.#has(attribute)) throw nodeError(2, 'open')
      if (attribute === 'inblob' || attribute === 'privlevel') throw nodeError(13, 'open')
      if (attribute === 'generation') return text(directory.generation)
      if (attribute === 'outblob' || attribute === 'auxblob')
        return this.#blob(directory, attribute)
      if (this.provider === null) throw nodeError(6, 'read')
      return text(attribute === 'provider' ? this.provider : this.floor)
    })
    return new Uint8Array(bytes.subarray(0, most + 1))
  }

  async #blob(directory: Directory, attribute: 'outblob' | 'auxblob'): Promise<Uint8Array> {
    directory.cached ??= await this.#request(directory)
    return directory.cached[attribute]
  }

  async #request({ inblob, privlevel }: Directory): Promise<NonNullable<Directory['cached']>> {
    if (inblob === null) throw nodeError(22, 'read')
    if (this.provider === null) throw nodeError(6, 'read')
    this.requests++
    this.atOnce = Math.max(this.atOnce, ++this.#running)
    try {
      await turn()
      const fault = this.faults.shift()
      if (fault && 'hang' in fault) await fault.hang
      if (fault && 'errno' in fault) throw nodeError(fault.errno, 'read')
      const isSnp = this.#has('privlevel')
      if (inblob.length !== 64 || (isSnp && privlevel < this.floor)) throw nodeError(22, 'read')
      const good = this.#mint(inblob, privlevel)
      return {
        outblob: fault && 'answer' in fault ? fault.answer(good) : good,
        auxblob: this.#auxblob,
      }
    } finally {
      this.#running--
    }
  }

  #writePrivlevel(directory: Directory, bytes: Uint8Array): void {
    if (this.provider === null) throw nodeError(6, 'write')
    const level = /^[0-3]\n?$/.exec(Buffer.from(bytes).toString())
    if (!level || Number(level[0]) < this.floor) throw nodeError(22, 'write')
    directory.privlevel = Number(level[0])
    directory.generation++
    directory.cached = null
  }

  /** TDX shows neither levels nor an auxblob. */
  #has(attribute: string): boolean {
    return this.provider !== 'tdx_guest' || !/^(privlevel|auxblob)/.test(attribute)
  }

  #get(name: string, syscall: string): Directory {
    const directory = this.directories.get(name)
    if (!directory) throw nodeError(2, syscall)
    return directory
  }

  async #enter(operation: string, path: string): Promise<string> {
    this.log.push(operation)
    const { name } = split(path)
    await turn()
    const before = this.before.get(operation)
    this.before.delete(operation)
    await before?.(name)
    return name
  }

  /** One lock for all directories, held through a whole request. */
  #exclusive<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#lock.then(work)
    this.#lock = done.catch(() => {})
    return done
  }
}

function split(path: string): { name: string; attribute: string } {
  const [name = '', attribute = ''] = path.slice(REPORT_DIR.length + 1).split('/')
  return { name, attribute }
}

const text = (value: string | number): Uint8Array => Buffer.from(`${value}\n`)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

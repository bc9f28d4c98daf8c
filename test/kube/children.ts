// SPDX-License-Identifier: Apache-2.0
// Processes and the folder of a cluster, which end with the test however it ends.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const TAIL = 2000

export class Children {
  readonly #running = new Map<string, ChildProcess>()
  /** Short, because paths of sockets have to be. */
  readonly dir = mkdtempSync(path.join(tmpdir(), 'kube-'))
  readonly #end = () => this.#abandon()
  readonly #interrupted = () => {
    this.#abandon()
    process.exit(130)
  }

  constructor(readonly program: string) {
    process.once('exit', this.#end)
    process.once('SIGINT', this.#interrupted)
    process.once('SIGTERM', this.#interrupted)
  }

  /** Its standard input stays open for as long as this process lives; its output goes to a file. */
  start(name: string, args: readonly string[]): void {
    const log = openSync(this.#log(name), 'a')
    const child = spawn(this.program, [name, ...args], { stdio: ['pipe', log, log] })
    closeSync(log)
    this.#running.set(name, child)
  }

  /** Kills it, as a crash would. */
  async kill(name: string): Promise<void> {
    const child = this.#running.get(name)
    this.#running.delete(name)
    if (!child || !alive(child)) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** @throws {Error} with what it last said, where it has ended by itself */
  mustRun(name: string): void {
    const child = this.#running.get(name)
    if (child && alive(child)) return
    throw new Error(`${name} has ended: ${this.output(name).slice(-TAIL)}`)
  }

  output(name: string): string {
    return readFileSync(this.#log(name), 'utf8')
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.kill(name)))
    this.#abandon()
    process.off('exit', this.#end)
    process.off('SIGINT', this.#interrupted)
    process.off('SIGTERM', this.#interrupted)
  }

  #abandon(): void {
    for (const child of this.#running.values()) child.kill('SIGKILL')
    rmSync(this.dir, { recursive: true, force: true })
  }

  #log(name: string): string {
    return path.join(this.dir, `${name}.log`)
  }
}

const alive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

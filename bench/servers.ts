// SPDX-License-Identifier: Apache-2.0
// The processes of the sidecar's bench, and how each is started.

import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { serialize } from 'node:v8'
import { type Machine, mintMachine } from '../src/simulate/machine.js'
import { lastStage } from '../test/image/dockerfile.js'
import type { Load } from './load.js'
import type { Loaded } from './load-tally.js'
import { type ServerCommand, type ServerProcess, startServer } from './server-process.js'

/** What the image starts node with: flags of V8, and apart from them what glibc reads. */
const { NODE_OPTIONS = '', ...ALLOCATOR } = lastStage(
  readFileSync('deploy/sidecar.Dockerfile', 'utf8'),
).env

/** Where tools/bench.mjs has put the programs. */
const program = (name: string): string => path.join('build', 'bench', name)

/** How a sidecar under test differs from the image's with a firmware of 10 ms. */
export interface SidecarChoice {
  readonly reportLatencyMs?: number
  readonly signed?: boolean
  /** As node starts without anything said: no flags, no limits. */
  readonly unlimited?: boolean
  /** As the image, but with room for more connections than fit into its memory. */
  readonly roomy?: boolean
  readonly group?: ServerCommand['group']
}

/** The latency of real firmware, about: what a report of an EPYC takes. */
export const FIRMWARE_MS = 10

export class Workshop {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'assay-bench-'))
  readonly machine: Machine
  readonly #machineFile = path.join(this.dir, 'machine')

  private constructor(machine: Machine) {
    this.machine = machine
    writeFileSync(this.#machineFile, serialize(machine))
  }

  static async open(): Promise<Workshop> {
    return new Workshop(await mintMachine({ now: new Date() }))
  }

  close(): void {
    rmSync(this.dir, { recursive: true })
  }

  sidecar(choice: SidecarChoice = {}): Promise<ServerProcess> {
    const { unlimited = false, roomy = false, group } = choice
    return startServer({
      argv: [program('simulated.cjs'), this.#simulated(choice)],
      ...(!unlimited && { env: roomy ? ALLOCATOR : { ...ALLOCATOR, NODE_OPTIONS } }),
      ...(group && { group }),
    })
  }

  bare(lengths: readonly number[]): Promise<ServerProcess> {
    return startServer({ argv: [program('bare.mjs'), lengths.join()] })
  }

  /** Reports per second of the firmware alone. */
  async firmwareRate(seconds: number): Promise<number> {
    const argv = [program('firmware.mjs'), this.#simulated({}), `${seconds}`]
    const { stdout } = await promisify(execFile)(process.execPath, argv)
    const rate = Number(stdout)
    if (rate > 0) return rate
    throw new Error(`the firmware alone gave no rate: ${stdout}`)
  }

  #simulated({ reportLatencyMs = FIRMWARE_MS, signed = true }: SidecarChoice): string {
    return JSON.stringify({ machineFile: this.#machineFile, reportLatencyMs, signed })
  }
}

/** Sends a load from a process of its own. */
export async function send(load: Load): Promise<Loaded> {
  const child = fork(program('load.mjs'), { serialization: 'advanced' })
  child.send(load)
  const [loaded] = await Promise.race([
    once(child, 'message') as Promise<[Loaded]>,
    once(child, 'exit').then(([code]) => {
      throw new Error(`the load ended with code ${code}`)
    }),
  ])
  return loaded
}

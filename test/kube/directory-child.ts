// SPDX-License-Identifier: Apache-2.0
// Starts the process of directory-process.ts, from one file as in its image, and speaks with it.

import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import type { Cluster } from './cluster.js'
import type { Said, Standing } from './directory-process.js'

const root = path.resolve(import.meta.dirname, '../..')

export class DirectoryChild {
  readonly lines: string[] = []
  url = ''
  readonly #listeners = new Set<(said: Said) => void>()

  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {
    process.on('message', (said: Said) => {
      if (said.log !== undefined) this.lines.push(said.log)
      if (said.listening !== undefined) this.url = said.listening
      for (const listener of this.#listeners) listener(said)
    })
  }

  /** Asks the API server as the ServiceAccount of the manifests, and resolves when it listens. */
  static async start(cluster: Cluster, probed: string): Promise<DirectoryChild> {
    const folder = mkdtempSync(path.join(tmpdir(), 'assay-directory-'))
    const script = path.join(folder, 'directory.cjs')
    await build({
      absWorkingDir: root,
      entryPoints: ['test/kube/directory-process.ts'],
      outfile: script,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      external: ['@kubernetes/client-node'],
      logLevel: 'error',
    })
    writeFileSync(path.join(folder, 'ca.crt'), cluster.caPem)
    writeFileSync(
      path.join(folder, 'token'),
      await cluster.tokenFor('assay-system', 'assay-directory'),
    )
    const { hostname, port } = new URL(cluster.url)
    const env = {
      ...process.env,
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
      MOUNT: folder,
      GATEWAY: 'https://provider.example.com:8443',
      PROBED: probed,
    }
    const child = new DirectoryChild(fork(script, { env, execArgv: [] }), folder)
    await child.#once((said) => said.listening)
    return child
  }

  async standing(): Promise<Standing> {
    const told = this.#once((said) => said.standing)
    this.process.send('standing')
    return told
  }

  /** When a lease that is probed has hints of a replica, or no more, as a time of day in milliseconds. */
  hinted(lease: string, replica: string, wanted: boolean): Promise<number> {
    return this.#once(({ changed }) =>
      changed?.path === lease && changed.replicas.includes(replica) === wanted
        ? changed.at
        : undefined,
    )
  }

  /** Bytes that it had at most, where the system says so. */
  get peak(): number | null {
    try {
      const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8')
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
    } catch {
      return null
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.kill()
    await ended
    rmSync(this.folder, { recursive: true })
  }

  #once<T>(pick: (said: Said) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const listener = (said: Said) => {
        const picked = pick(said)
        if (picked === undefined) return
        this.#listeners.delete(listener)
        resolve(picked)
      }
      this.#listeners.add(listener)
    })
  }
}

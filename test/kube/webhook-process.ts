// SPDX-License-Identifier: Apache-2.0
// The webhook's own process, as its Deployment would start it: arguments and environment are those of
// the manifest, files are those of the Secret.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type Manifest, only } from '../deploy/manifests.js'

const root = path.resolve(import.meta.dirname, '../..')
const main = path.join(root, 'src/webhook/main.ts')

/** Where the kubelet would mount the Secret. */
export class Files {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'assay-tls-'))

  constructor() {
    process.once('exit', () => rmSync(this.dir, { recursive: true, force: true }))
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(path.join(this.dir, name), text, { mode: 0o600 })
    }
  }
}

export class WebhookProcess {
  readonly #child: ChildProcess
  readonly lines: Manifest[] = []

  private constructor(manifests: readonly Manifest[], dir: string) {
    const [{ args, env, volumeMounts }] = only(manifests, 'Deployment').spec.template.spec
      .containers
    const { data } = only(manifests, 'ConfigMap')
    const settings = env.map(({ name, valueFrom }: Manifest) => [
      name,
      data[valueFrom.configMapKeyRef.key],
    ])
    const own = args.map((arg: string) =>
      arg.replace(volumeMounts[0].mountPath, dir).replace('--listen=:9443', '--listen=127.0.0.1:0'),
    )
    this.#child = spawn(process.execPath, [...process.execArgv, main, ...own, '--log-level=info'], {
      cwd: root,
      env: { PATH: process.env.PATH, ...Object.fromEntries(settings) },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    process.once('exit', () => this.#child.kill('SIGKILL'))
  }

  /** Resolves to it and the port of loopback that it listens on. */
  static async start(
    manifests: readonly Manifest[],
    { dir }: Files,
  ): Promise<{ webhook: WebhookProcess; port: number }> {
    const webhook = new WebhookProcess(manifests, dir)
    const lines = createInterface({ input: webhook.#child.stderr as Readable })
    const url = new Promise<string>((resolve, reject) => {
      lines.on('line', (line) => {
        const said = line.startsWith('{') ? JSON.parse(line) : { msg: line }
        webhook.lines.push(said)
        if (said.url) resolve(said.url)
      })
      webhook.#child.once('exit', () =>
        reject(new Error(`the webhook ended: ${JSON.stringify(webhook.lines)}`)),
      )
    })
    return { webhook, port: Number(new URL(await url).port) }
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  /** As Kubernetes ends a container. */
  terminate(): Promise<unknown> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    return ended
  }
}

// SPDX-License-Identifier: Apache-2.0
// The processes of the webhook's bench: the file of the image under certificates that are swapped as
// the kubelet does it, and what asks it.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { Authority } from '../test/fake/authority.js'
import { POLICY } from '../test/fake/reviews.js'
import { SecretVolume } from '../test/webhook/tls-world.js'
import { type ServerProcess, startServer } from './server-process.js'
import type { Reviewed, ReviewLoad } from './webhook-load.js'

const SERVERNAME = 'assay-webhook.assay-system.svc'

export class WebhookUnderTest {
  readonly #authority = new Authority()
  readonly #volume = new SecretVolume(this.#authority.issue())
  #server: ServerProcess | undefined

  get server(): ServerProcess {
    return this.#server as ServerProcess
  }

  async start(): Promise<this> {
    const { cert, key } = this.#volume.names
    this.#server = await startServer({
      argv: [
        ...['build/webhook.cjs', '--listen', '127.0.0.1:0', '--shutdown-delay', '0'],
        ...['--tls-cert', cert, '--tls-key', key],
        ...['--sidecar-image', POLICY.sidecarImage, '--platform', POLICY.platform],
      ],
      says: 'stderr',
    })
    return this
  }

  /** Another certificate, from the same CA. */
  rotate(): void {
    this.#volume.put(this.#authority.issue())
  }

  async send(load: Omit<ReviewLoad, 'port' | 'ca' | 'servername'>): Promise<Reviewed> {
    const child = fork(path.join('build', 'bench', 'webhook-load.mjs'))
    child.send({
      ...load,
      port: this.server.port,
      ca: this.#authority.cert,
      servername: SERVERNAME,
    })
    const [reviewed] = await Promise.race([
      once(child, 'message') as Promise<[Reviewed]>,
      once(child, 'exit').then(([code]) => {
        throw new Error(`the load ended with code ${code}`)
      }),
    ])
    return reviewed
  }

  async stop(): Promise<number | null> {
    const code = await this.server.stop()
    rmSync(this.#volume.dir, { recursive: true })
    return code
  }
}

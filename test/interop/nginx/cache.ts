// SPDX-License-Identifier: Apache-2.0
// A real nginx with the configuration of docs/directory.md, between a client and a directory. Both ends
// are sockets in a folder, so that no port is taken, and the directory can go and come back.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../../src/directory/app.js'
import { DirectoryState } from '../../../src/directory/state.js'
import { systemClock } from '../../../src/service/system-clock.js'
import { Skip } from '../suite.js'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Unpacked. */
  readonly body: string
  /** What nginx did. */
  readonly cache: string
}

const CONFIGURATION = /```nginx\n([\s\S]*?)```/
const POLL_MS = 50
const PATIENCE_MS = 20_000
/** For which Debian's build has folders of its own. */
const FOLDERS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

export class Cache {
  readonly state = new DirectoryState()
  readonly source = { ready: true, connected: true }
  /** Requests that reached the directory: path and status. */
  readonly reached: { readonly path: string; readonly status: number }[] = []
  readonly #dir = mkdtempSync(path.join(tmpdir(), 'assay-nginx-'))
  #app: FastifyInstance | undefined
  #stop = async () => {}

  constructor(private readonly maxAgeS: number) {}

  /** @throws {Skip} without nginx */
  async open(): Promise<void> {
    const { error } = spawnSync('nginx', ['-v'])
    if (error) throw new Skip('nginx is not installed')
    await this.startDirectory()
    this.#configure()
    const root = process.getuid?.() === 0 ? 'user root;' : ''
    const argv = ['-p', this.#dir, '-c', 'nginx.conf', '-e', 'stderr', '-g', `daemon off;${root}`]
    const nginx = spawn('nginx', argv, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    nginx.stderr.on('data', (chunk) => {
      said += chunk
    })
    const ended = once(nginx, 'exit')
    this.#stop = async () => {
      nginx.kill('SIGTERM')
      await ended
    }
    await this.until('nginx answers', async () => {
      if (nginx.exitCode !== null) throw new Error(`nginx ended: ${said}`)
      return (await this.get('/healthz').catch(() => null)) !== null
    })
    this.reached.length = 0
  }

  async close(): Promise<void> {
    await this.#stop()
    await this.stopDirectory()
    rmSync(this.#dir, { recursive: true })
  }

  async startDirectory(): Promise<void> {
    const app = buildApp({
      state: this.state,
      isReady: () => this.source.ready,
      isConnected: () => this.source.connected,
      clock: systemClock,
      epoch: 'nginx',
      maxAgeS: this.maxAgeS,
      rate: 0,
    })
    app.addHook('onResponse', async ({ url }, { statusCode }) => {
      this.reached.push({ path: url, status: statusCode })
    })
    await app.listen({ path: this.#socket('directory') })
    this.#app = app
  }

  async stopDirectory(): Promise<void> {
    await this.#app?.close()
  }

  /** Asks through nginx. */
  async get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
    const asked = request({ socketPath: this.#socket('nginx'), path: url, headers, method })
    asked.end()
    const [answer] = await once(asked, 'response')
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const packed = answer.headers['content-encoding'] === 'gzip' && bytes.length > 0
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: (packed ? gunzipSync(bytes) : bytes).toString(),
      cache: answer.headers['x-cache'] ?? '',
    }
  }

  /** The beginning of an answer that does not end, as soon as this text is in it. */
  async listen(url: string, text: string, then: () => void): Promise<string> {
    const asked = request({ socketPath: this.#socket('nginx'), path: url })
    asked.end()
    const [answer] = await once(asked, 'response')
    let heard = ''
    for await (const chunk of answer) {
      if (heard === '') then()
      heard += chunk
      if (heard.includes(text)) break
    }
    asked.destroy()
    return heard
  }

  /** Asks again and again, because nobody says when time has passed. */
  async until(what: string, done: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    while (!(await done())) {
      if (performance.now() > end) throw new Error(`never: ${what}`)
      await pause(POLL_MS)
    }
  }

  #socket(name: string): string {
    return path.join(this.#dir, `${name}.sock`)
  }

  #configure(): void {
    const docs = readFileSync(
      path.resolve(import.meta.dirname, '../../../docs/directory.md'),
      'utf8',
    )
    const documented = CONFIGURATION.exec(docs)?.[1] as string
    const cache = path.join(this.#dir, 'cache')
    mkdirSync(cache)
    const here = documented
      .replace('/var/cache/nginx', cache)
      .replace('listen 80', `listen unix:${this.#socket('nginx')}`)
      .replace('http://directory:8791', `http://unix:${this.#socket('directory')}:`)
    const folders = FOLDERS.map((name) => `${name}_temp_path ${path.join(this.#dir, name)};`)
    writeFileSync(
      path.join(this.#dir, 'nginx.conf'),
      [
        `pid ${path.join(this.#dir, 'pid')};`,
        'error_log stderr warn;',
        'worker_processes 2;',
        'events { worker_connections 256; }',
        `http { access_log off; ${folders.join(' ')}\n${here}\n}`,
      ].join('\n'),
    )
  }
}

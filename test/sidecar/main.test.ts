// SPDX-License-Identifier: Apache-2.0
// The process of the image: what only a real one shows.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import t from 'tap'
import { request, secured } from '../service/sockets.js'

const main = path.resolve(import.meta.dirname, '../../src/sidecar/main.ts')

function start(argv: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, main, ...argv], {
    cwd: path.resolve(import.meta.dirname, '../..'),
    env: { ...process.env, ...env },
  })
}

/** A machine that has nothing: the one that runs the tests must be left as it is. */
const bare = ['--root', mkdtempSync(path.join(tmpdir(), 'assay-bare-'))]

async function lines(child: ChildProcess): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  for await (const line of createInterface({ input: child.stderr as Readable })) {
    found.push(JSON.parse(line))
  }
  return found
}

t.test('main: listens without a device, says what is missing, and ends when told', async (t) => {
  const env = { ATTESTATION_LISTEN_ADDR: '127.0.0.1:0', ATTESTATION_MOCK: 'true' }
  const child = start(bare, env)
  const said: Record<string, unknown>[] = []
  for await (const line of createInterface({ input: child.stderr as Readable })) {
    said.push(JSON.parse(line))
    if (said.at(-1)?.level !== 'error') continue
    const { url } = said.find(({ msg }) => msg === 'listening') as { url: string }
    const client = await secured(Number(new URL(url).port))
    client.send(request('GET /healthz'))
    t.match(await client.all, /^HTTP\/1.1 503 [\s\S]*ERR_DEVICE_ABSENT: /)
    child.kill('SIGTERM')
  }
  t.match(said, [
    { level: 'warn', msg: /^ATTESTATION_MOCK has NO EFFECT/ },
    { level: 'info', msg: 'listening', rawQuotes: 'allow' },
    { level: 'error', code: 'ERR_DEVICE_ABSENT' },
    { level: 'info', msg: 'stopped' },
  ])
  t.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0)
})

t.test('main: a wrong call is one line with its code', async (t) => {
  const child = start(['--mock'])
  const [said, [code]] = await Promise.all([lines(child), once(child, 'exit')])
  t.equal(code, 30)
  t.match(said, [{ level: 'fatal', code: 'ERR_USAGE', msg: /--mock/ }])
  t.equal(said.length, 1)
})

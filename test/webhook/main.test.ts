// SPDX-License-Identifier: Apache-2.0
// The process of the image: what only a real one shows.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import t from 'tap'
import { Authority } from '../fake/authority.js'
import { POLICY } from '../fake/reviews.js'
import { request, secured } from '../service/sockets.js'
import { SecretVolume } from './tls-world.js'

const main = path.resolve(import.meta.dirname, '../../src/webhook/main.ts')

function start(argv: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, main, ...argv], {
    cwd: path.resolve(import.meta.dirname, '../..'),
    env: { ...process.env, ...env },
  })
}

async function* lines(child: ChildProcess): AsyncGenerator<Record<string, unknown>> {
  for await (const line of createInterface({ input: child.stderr as Readable })) {
    yield JSON.parse(line)
  }
}

t.test('main: serves with what environment and flags say, and ends when told', async (t) => {
  const { names } = new SecretVolume(new Authority().issue())
  const files = ['--tls-cert', names.cert, '--tls-key', names.key]
  const argv = [...files, '--listen', '127.0.0.1:0', '--shutdown-delay', '0']
  const child = start(argv, {
    ASSAY_WEBHOOK_SIDECAR_IMAGE: POLICY.sidecarImage,
    ASSAY_WEBHOOK_PLATFORM: 'tdx',
  })
  const said: Record<string, unknown>[] = []
  for await (const line of lines(child)) {
    said.push(line)
    if (line.msg !== 'serving') continue
    const client = await secured(Number(new URL(`${line.url}`).port))
    client.send(request('GET /readyz', 'Connection: close\r\n'))
    t.match(await client.all, /^HTTP\/1.1 200 OK[\s\S]*ok\n$/)
    child.kill('SIGTERM')
  }
  t.match(said, [
    { msg: 'certificate in use' },
    { msg: 'serving', platform: 'tdx', sidecarImage: POLICY.sidecarImage },
    { msg: 'stopping' },
    { msg: 'stopped' },
  ])
  t.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0)
})

t.test('main: a wrong call is one line with its code', async (t) => {
  const child = start(['--mock'])
  const exited = once(child, 'exit')
  const said: Record<string, unknown>[] = []
  for await (const line of lines(child)) said.push(line)
  t.match(said, [{ level: 'fatal', code: 'ERR_USAGE', msg: /--mock/ }])
  t.equal(said.length, 1)
  t.equal((await exited)[0], 30)
})

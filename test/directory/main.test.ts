// SPDX-License-Identifier: Apache-2.0
// The process of the image: what only a real one shows.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import t from 'tap'

const main = path.resolve(import.meta.dirname, '../../src/directory/main.ts')

function start(argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, main, ...argv], {
    cwd: path.resolve(import.meta.dirname, '../..'),
  })
}

t.test('main: serves until it is told to stop', async (t) => {
  const child = start(['--listen', '127.0.0.1:0'])
  const said: Record<string, unknown>[] = []
  for await (const line of createInterface({ input: child.stderr as Readable })) {
    said.push(JSON.parse(line))
    if (said.at(-1)?.msg !== 'serving') continue
    const { url } = said.find(({ msg }) => msg === 'listening') as { url: string }
    t.equal((await fetch(`${url}/readyz`)).status, 200)
    child.kill('SIGTERM')
  }
  t.match(
    said.map(({ msg }) => msg),
    [/^no --source/, 'listening', 'serving', 'stopping', 'stopped'],
  )
  t.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0)
})

t.test('main: a wrong call, or a wrong file, is one line with its code', async (t) => {
  for (const [argv, code] of [
    [['--source', 'etcd'], 'ERR_ARGUMENT'],
    [['--listen', '127.0.0.1:0', '--source', 'file:/nothing/at/all'], 'ERR_SOURCE_DOCUMENT'],
  ] as const) {
    const child = start(argv)
    const said: Record<string, unknown>[] = []
    for await (const line of createInterface({ input: child.stderr as Readable })) {
      said.push(JSON.parse(line))
    }
    t.match(said.at(-1), { level: 'fatal', code })
    t.equal(said.filter(({ level }) => level === 'fatal').length, 1)
    t.equal(child.exitCode ?? (await once(child, 'exit'))[0], 30)
  }
})

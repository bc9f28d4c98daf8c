// SPDX-License-Identifier: Apache-2.0
// The process itself: what only a real one shows.

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { serve } from '../fake/kds.js'
import { assaySidecar } from '../fake/sidecar.js'
import { mintReport } from '../fake/snp.js'
import { world } from '../verify/kds-world.js'
import { AT_FLAGS, fresh, policyFile, trust } from './desk.js'

const root = path.resolve(import.meta.dirname, '../..')

function start(argv: readonly string[], stdio: StdioOptions = 'pipe'): ChildProcess {
  const main = path.join(root, 'src/cli/main.ts')
  return spawn(process.execPath, [...process.execArgv, main, ...argv], { cwd: root, stdio })
}

t.test('main: the version is that of the package', async (t) => {
  const child = start(['--version'])
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  t.equal(await text(child.stdout as Readable), `${version}\n`)
})

t.test('main: evidence through a pipe, and the exit code', async (t) => {
  const child = start(['inspect', '-'])
  child.stdin?.end(mintReport().subarray(0, 1183))
  const [out, err, [code]] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stderr as Readable),
    once(child, 'exit'),
  ])
  t.equal(code, 10)
  t.equal(out, '')
  t.match(err, /^assay: ERR_SNP_LENGTH: [^\n]+\n$/)
})

t.test('main: a reader that stops early is no failure', async (t) => {
  const child = start(['inspect', '-'])
  child.stdout?.destroy()
  child.stdin?.end(mintReport())
  const [err, [code]] = await Promise.all([text(child.stderr as Readable), once(child, 'exit')])
  t.equal(err, '')
  t.equal(code, 0)
})

t.test('main: an answer that cannot be written is a failure', async (t) => {
  const full = openSync('/dev/full', 'w')
  const child = start(['--help'], ['ignore', full, 'pipe'])
  const [err, [code]] = await Promise.all([text(child.stderr as Readable), once(child, 'exit')])
  closeSync(full)
  t.equal(code, 30)
  t.equal(err, 'assay: ERR_FILE: cannot write standard output: ENOSPC\n')
})

t.test('main: the network, a fresh nonce, and time', async (t) => {
  const { kds, amd } = await world()
  const service = await serve(kds)
  const sidecar = await assaySidecar()
  t.teardown(() => Promise.all([service.close(), sidecar.close()]))
  const policy = policyFile({ revocation: { maximumAgeDays: 365 } })
  const flags = ['--policy', policy, ...trust(amd), ...AT_FLAGS, '--kds', service.baseUrl]
  const child = start(['verify', sidecar.url, ...flags, '--cache', fresh(), '--json'])
  const [out, err, [code]] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stderr as Readable),
    once(child, 'exit'),
  ])
  t.equal(err, '')
  t.equal(code, 0)
  const { nonce } = JSON.parse(out).claims.binding
  t.match(nonce, /^[0-9a-f]{128}$/)
  t.ok(new Set(Buffer.from(nonce, 'hex')).size > 32, 'and none that anybody guesses')
  t.same(kds.requests, ['/vcek/v1/Milan/crl'])
})

t.test('main: the demo runs with nothing but a clock', async (t) => {
  const child = start(['demo'])
  const [out, [code]] = await Promise.all([text(child.stdout as Readable), once(child, 'exit')])
  t.equal(code, 0)
  t.match(out, /^Every honest run was verified, and both attacks were rejected /m)
})

t.test('main: a service ends when it is told to', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const child = start(['simulate', '--listen', '127.0.0.1:0'])
    const ended = Promise.all([text(child.stderr as Readable), once(child, 'exit')])
    const [url] = await once(child.stdout as Readable, 'data')
    t.match(String(url), /^https:[^\n]+\n$/)
    child.kill(signal)
    const [err, [code]] = await ended
    t.equal(code, 0, signal)
    t.match(err, /^(assay: SIMULATED: [^\n]+\n){2}$/)
  }
})

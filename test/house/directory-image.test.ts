// SPDX-License-Identifier: Apache-2.0
// The image of the directory agrees with the code and with what the build makes.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { LISTEN } from '../../src/directory/settings.js'
import { lastStage } from '../image/dockerfile.js'

const root = path.resolve(import.meta.dirname, '../..')
const image = lastStage(readFileSync(path.join(root, 'deploy/directory.Dockerfile'), 'utf8'))
const bundle = path.join(root, 'build/directory.cjs')

t.test('directory image: port and command', async (t) => {
  t.same(image.ports, [`${LISTEN.slice(1)}/tcp`])
  t.same(image.entrypoint, ['/directory'])
})

t.test('directory image: what is copied is there, and run by the Node that is', async (t) => {
  const sources = image.copies.filter(({ from }) => from.startsWith('/src/'))
  t.ok(sources.some(({ to }) => to === '/directory'))
  for (const { from } of sources) {
    t.ok(existsSync(path.join(root, from.slice('/src/'.length))), from)
  }
  const [interpreter] = readFileSync(bundle, 'utf8').split('\n')
  t.ok(image.copies.some(({ to }) => `#!${to}` === interpreter))
  t.equal(statSync(bundle).mode & 0o111, 0o111)
})

t.test('directory image: the one file has all that it needs in a cluster', async (t) => {
  const argv = [bundle, '--source', 'kube', '--listen', '127.0.0.1:0']
  const env = { PATH: process.env.PATH }
  const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', env })
  t.equal(status, 30)
  t.match(stderr, /"code":"ERR_ARGUMENT".*runs in a cluster/)
})

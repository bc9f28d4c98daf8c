// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { errnoOf } from '../../src/sidecar/errno.js'
import { nodeIo } from '../../src/sidecar/tsm-io.js'
import { noise } from '../fake/tdx.js'

const root = mkdtempSync(path.join(tmpdir(), 'assay-tsm-io-'))
t.teardown(() => rmSync(root, { recursive: true }))
const at = (name: string) => path.join(root, name)

t.test('tsm-io: directories are made once, and never their parents', async (t) => {
  await nodeIo.mkdir(at('one'))
  t.equal(errnoOf(await nodeIo.mkdir(at('one')).catch((error) => error)), 17)
  t.equal(errnoOf(await nodeIo.mkdir(at('a/b')).catch((error) => error)), 2)
  await nodeIo.chmod(at('one'), 0o700)
  t.equal(statSync(at('one')).mode & 0o777, 0o700)
  t.same(await nodeIo.readdir(root), ['one'])
  await nodeIo.rmdir(at('one'))
  t.same(await nodeIo.readdir(root), [])
})

t.test('tsm-io: reads to the end, and one byte more than it may', async (t) => {
  const bytes = noise(5000, 1)
  await nodeIo.write(at('file'), bytes)
  t.same(readFileSync(at('file')), Buffer.from(bytes))
  t.same(await nodeIo.read(at('file'), 5000), bytes)
  t.equal((await nodeIo.read(at('file'), 100)).length, 101)
  t.equal(errnoOf(await nodeIo.read(at('none'), 1).catch((error) => error)), 2)
  t.equal(errnoOf(await nodeIo.read(root, 1).catch((error) => error)), 21, 'and closes it')
})

const skip = process.platform === 'linux' ? false : 'no /proc here'
t.test('tsm-io: a size of 0 means nothing', { skip }, async (t) => {
  const status = '/proc/self/status'
  t.equal(statSync(status).size, 0)
  t.ok((await nodeIo.read(status, 0x10000)).length > 0)
})

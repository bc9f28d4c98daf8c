// SPDX-License-Identifier: Apache-2.0
// The image agrees with the code and with what the build makes.

import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { PORT } from '../../src/protocol.js'
import { lastStage } from '../image/dockerfile.js'

const root = path.resolve(import.meta.dirname, '../..')
const image = lastStage(readFileSync(path.join(root, 'deploy/sidecar.Dockerfile'), 'utf8'))

t.test('image: port and command are those of AEP-83', async (t) => {
  t.same(image.ports, [`${PORT}/tcp`])
  t.same(image.entrypoint, ['/attestation-sidecar'])
  t.ok(image.copies.some(({ to }) => to === '/attestation-sidecar'))
})

t.test('image: the command is one executable file, run by the Node that is copied', async (t) => {
  const file = path.join(root, 'build/sidecar.cjs')
  const [interpreter] = readFileSync(file, 'utf8').split('\n')
  t.ok(image.copies.some(({ to }) => `#!${to}` === interpreter))
  t.equal(statSync(file).mode & 0o111, 0o111)
})

t.test('image: what is copied out of the source is there', async (t) => {
  for (const { from } of image.copies) {
    if (from.startsWith('/src/'))
      t.ok(existsSync(path.join(root, from.slice('/src/'.length))), from)
  }
})

t.test('image: an instruction that nobody reads is no image', async (t) => {
  for (const line of ['RUN true', 'COPY a b', 'ENV A=b', 'nothing']) {
    t.throws(() => lastStage(`FROM base\n${line}\n`), line)
  }
})

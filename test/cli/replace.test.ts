// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { replaceFile } from '../../src/cli/replace.js'

t.test('replace: a new file, and a file in place of another', async (t) => {
  const dir = t.testdir({ old: 'old and longer' })
  for (const name of ['new', 'old']) {
    await replaceFile(path.join(dir, name), 'text\n')
    t.equal(readFileSync(path.join(dir, name), 'utf8'), 'text\n')
  }
  t.same(readdirSync(dir).sort(), ['new', 'old'], 'and nothing else')
})

t.test('replace: what cannot be written leaves nothing behind', async (t) => {
  const dir = t.testdir({ folder: { file: 'kept' } })
  for (const name of ['folder', 'nowhere/file']) {
    await t.rejects(replaceFile(path.join(dir, name), 'text'), { code: 'ERR_FILE' }, name)
  }
  t.same(readdirSync(dir), ['folder'])
  t.equal(readFileSync(path.join(dir, 'folder', 'file'), 'utf8'), 'kept')
})

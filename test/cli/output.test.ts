// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { checkCreatable, createFile, createFolder, replaceFile } from '../../src/cli/output.js'

t.test('output: a new file', async (t) => {
  for (const write of [createFile, replaceFile]) {
    const dir = t.testdir({})
    await write(path.join(dir, 'new'), 'text\n')
    t.equal(readFileSync(path.join(dir, 'new'), 'utf8'), 'text\n')
    t.same(readdirSync(dir), ['new'], 'and nothing else')
  }
})

t.test('output: replaced, or kept', async (t) => {
  const dir = t.testdir({ old: 'old and longer' })
  const old = path.join(dir, 'old')
  await t.rejects(createFile(old, 'text'), { code: 'ERR_FILE', message: /not overwritten$/ })
  t.equal(readFileSync(old, 'utf8'), 'old and longer')
  await replaceFile(old, 'text')
  t.equal(readFileSync(old, 'utf8'), 'text')
  t.same(readdirSync(dir), ['old'], 'and no draft')
})

t.test('output: a folder, there or not', async (t) => {
  const dir = t.testdir({ file: 'kept' })
  await createFolder(path.join(dir, 'one', 'two'))
  await createFolder(path.join(dir, 'one', 'two'))
  t.same(readdirSync(dir).sort(), ['file', 'one'])
  for (const name of ['file', 'file/below']) {
    await t.rejects(createFolder(path.join(dir, name)), { code: 'ERR_FILE' }, name)
  }
})

const noProc = existsSync('/proc/self') ? false : 'no /proc here'

t.test('output: a folder where there can be none', { skip: noProc }, async (t) => {
  // Node's own way to create the folders in between tries this one for ever.
  const there = ['/proc/nowhere', '/proc/nowhere/deeper']
  for (const name of there) await t.rejects(createFolder(name), { code: 'ERR_FILE' }, name)
})

t.test('output: what could not be created is refused beforehand', async (t) => {
  const dir = t.testdir({ old: 'old', link: t.fixture('symlink', 'nothing') })
  const refused = (name: string, message: RegExp) =>
    t.rejects(checkCreatable(path.join(dir, name)), { code: 'ERR_FILE', message }, name)
  await refused('old', /^cannot write [^\n]+: there is one already, and it is not overwritten$/)
  await refused('link', /not overwritten$/)
  await refused('nowhere/file', /no such folder$/)
  await refused('old/file', /ENOTDIR$/)
  await refused('x'.repeat(300), /ENAMETOOLONG$/)
  await checkCreatable(path.join(dir, 'new'))
  t.same(readdirSync(dir).sort(), ['link', 'old'], 'and nothing is created')
})

t.test('output: what cannot be written leaves nothing behind', async (t) => {
  const dir = t.testdir({ folder: { file: 'kept' } })
  for (const write of [createFile, replaceFile]) {
    for (const name of ['folder', 'nowhere/file', 'folder/file/below', 'x'.repeat(300)]) {
      await t.rejects(write(path.join(dir, name), 'text'), { code: 'ERR_FILE' }, name)
    }
  }
  t.same(readdirSync(dir), ['folder'])
  t.equal(readFileSync(path.join(dir, 'folder', 'file'), 'utf8'), 'kept')
})

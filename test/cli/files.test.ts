// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { LIMITS } from '../../src/protocol.js'
import { mintReport } from '../fake/snp.js'
import { assay, type World } from './terminal.js'

const dir = mkdtempSync(path.join(tmpdir(), 'assay-files-'))
const file = (name: string, content: Uint8Array | string): string => {
  const name_ = path.join(dir, name)
  writeFileSync(name_, content)
  return name_
}
const report = mintReport({ version: 3, product: 'Genoa' })

/** One line, a stable code, nothing on standard output. */
async function refused(t: Test, name: string, code: string, exit: number, world?: World) {
  const ran = await assay(['inspect', name], world)
  t.equal(ran.code, exit)
  t.equal(ran.out, '')
  t.match(ran.err, new RegExp(`^assay: ${code}: [^\\n]+\\n$`))
  t.notMatch(ran.err, /\n\s+at /)
}

t.test('files: a missing file', (t) => refused(t, path.join(dir, 'none'), 'ERR_FILE', 30))

t.test('files: a directory', (t) => refused(t, dir, 'ERR_FILE', 30))

t.test('files: a path through a file', async (t) => {
  await refused(t, path.join(file('plain', 'x'), 'below'), 'ERR_FILE', 30)
})

t.test('files: an empty file', (t) => refused(t, file('empty', ''), 'ERR_FILE_SIZE', 30))

t.test('files: one of 1 GiB is not read', async (t) => {
  const huge = file('huge', '')
  truncateSync(huge, 2 ** 30)
  await refused(t, huge, 'ERR_FILE_SIZE', 30)
})

t.test('files: standard input on a terminal', async (t) => {
  await refused(t, '-', 'ERR_TERMINAL', 30, { isTTY: true })
})

t.test('files: standard input without an end', async (t) => {
  let given = 0
  function* endless(): Generator<Uint8Array> {
    for (;;) {
      given += 65_536
      yield new Uint8Array(65_536)
    }
  }
  await refused(t, '-', 'ERR_FILE_SIZE', 30, { stdin: endless() })
  t.ok(given <= LIMITS.document + 2 * 65_536, `stopped after ${given} bytes`)
})

t.test('files: standard input that breaks off', async (t) => {
  function* broken(): Generator<Uint8Array> {
    yield report.subarray(0, 9)
    throw Object.assign(new Error('read EIO'), { code: 'EIO' })
  }
  await refused(t, '-', 'ERR_FILE', 30, { stdin: broken() })
})

t.test('files: a report through standard input', async (t) => {
  const ran = await assay(['inspect', '-'], { stdin: [report.subarray(0, 9), report.subarray(9)] })
  t.equal(ran.code, 0)
  t.match(ran.out, /version\s+3/)
})

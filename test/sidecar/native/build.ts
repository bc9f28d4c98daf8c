// SPDX-License-Identifier: Apache-2.0
// C of the tests → a shared library in a folder that goes away.

import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Why tests that need a C compiler are skipped, or false. For tap's `skip` option. */
export const skip: false | string =
  process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0
    ? false
    : 'gcc on Linux not found'

/** The path of the library made of `<name>.c`, which is in this folder, with these words defined. */
export function build(name: string, ...defined: readonly string[]): string {
  const library = path.join(mkdtempSync(path.join(tmpdir(), 'assay-native-')), `${name}.so`)
  const source = path.join(import.meta.dirname, `${name}.c`)
  const defines = defined.map((word) => `-D${word}`)
  const flags = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC']
  const { status, stderr } = spawnSync(
    'gcc',
    [...flags, ...defines, '-o', library, source, '-ldl'],
    {
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(stderr)
  return library
}

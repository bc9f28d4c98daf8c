// SPDX-License-Identifier: Apache-2.0
// A machine of the test world: the files under a folder that stand for those under `/`.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** File → text; a name that ends in `/` is a folder. */
export type Files = Readonly<Record<string, string>>

export const CONFIGFS_DIR: Files = { 'sys/kernel/config/': '' }
export const TSM_DIR: Files = { 'sys/kernel/config/tsm/report/': '' }
export const mounted = (options = 'rw,relatime'): Files => ({
  'proc/self/mounts': [
    'proc /proc proc rw 0 0',
    `none /sys/kernel/config configfs ${options} 0 0`,
    'dev /dev devtmpfs rw 0 0',
    '',
  ].join('\n'),
})
export const misc = (...lines: readonly string[]): Files => ({
  'proc/misc': lines.map((line) => `${line}\n`).join(''),
})

/** The root of a new machine, removed when the test is over. */
export function machine(
  t: { teardown(run: () => void): void },
  ...parts: readonly Files[]
): string {
  const root = mkdtempSync(path.join(tmpdir(), 'assay-machine-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  for (const [name, text] of parts.flatMap((files) => Object.entries(files))) {
    const file = path.join(root, name)
    mkdirSync(name.endsWith('/') ? file : path.dirname(file), { recursive: true })
    if (!name.endsWith('/')) writeFileSync(file, text)
  }
  return root
}

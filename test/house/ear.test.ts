// SPDX-License-Identifier: Apache-2.0
// Only who appraises for itself may say what came of it: no service reaches the code that makes EARs.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '../..')

/** Those that appraise, or that hand on what does. */
const APPRAISERS = ['src/verify/', 'src/cli/', 'src/web/', 'src/bundle.ts']
const isAppraiser = (file: string): boolean => APPRAISERS.some((room) => file.startsWith(room))
const isEar = (file: string): boolean => /^src\/(verify|cli)\/ear\b/.test(file)

const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((name) => path.join('src', name))
  .filter((name) => name.endsWith('.ts'))

/** The files of our own that a file makes run; types leave nothing to run. */
function runs(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8')
  const specifiers = text.matchAll(
    /^(?:import|export) (?!type\b)[^']*?from '(\.[^']+)'|^import '(\.[^']+)'|import\('(\.[^']+)'\)/gm,
  )
  return [...specifiers]
    .map(([, from, bare, dynamic]) => (from ?? bare ?? dynamic) as string)
    .map((target) => path.join(path.dirname(file), target.replace(/(\.js)?$/, '.ts')))
    .filter((target) => existsSync(path.join(root, target)))
}

function reached(start: string): Set<string> {
  const seen = new Set([start])
  for (const file of seen) for (const next of runs(file)) seen.add(next)
  return seen
}

t.test('ear: what appraises reaches it', async (t) => {
  t.ok([...reached('src/bundle.ts')].some(isEar))
  t.ok([...reached('src/verify/index.ts')].some(isEar))
})

t.test('ear: nothing else does', async (t) => {
  const others = files.filter((file) => !isAppraiser(file))
  t.ok(others.length > 0)
  for (const file of others) t.same([...reached(file)].filter(isEar), [], file)
})

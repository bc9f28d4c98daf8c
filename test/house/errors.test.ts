// SPDX-License-Identifier: Apache-2.0
// Codes, documentation and tests agree in both directions.

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { CODES } from '../../src/errors.js'
import { BINDING_CHECKS } from '../../src/verify/binding.js'
import { GPU_CHECKS } from '../../src/verify/gpu-checks.js'
import { GPU_POLICY_CHECKS } from '../../src/verify/gpu-policy-names.js'
import { SNP_CHECKS, UNSUPPORTED_CHECKS } from '../../src/verify/result.js'
import { SNP_POLICY_CHECKS } from '../../src/verify/snp-policy-names.js'

const root = path.resolve(import.meta.dirname, '../..')
const docs = readFileSync(path.join(root, 'docs/errors.md'), 'utf8')

/** Rows of the form `| \`CODE\` | …`, under the heading of their layer. */
function documented(): Record<string, string> {
  const found: Record<string, string> = {}
  let layer = ''
  for (const line of docs.split('\n')) {
    layer = line.match(/^## `(\w+)`/)?.[1] ?? layer
    const code = line.match(/^\| `(ERR_\w+)` \|/)?.[1]
    if (code) found[code] = layer
  }
  return found
}

t.test('errors: docs/errors.md lists every code under its layer, and no other', async (t) => {
  t.same(documented(), { ...CODES })
})

t.test('errors: docs/errors.md and docs/policy.md name every check, and no other', async (t) => {
  const policy = readFileSync(path.join(root, 'docs/policy.md'), 'utf8')
  const general = [...docs.matchAll(/^\| `([a-z][a-z0-9.-]*)` \|/gm)].map(([, name]) => name)
  const layers = new Set<string | undefined>(Object.values(CODES))
  const fields = [...policy.matchAll(/^\| `[\w.]+` \|[^|]*\| `([a-z0-9.-]+)` \|/gm)]
  const named = [...general.filter((name) => !layers.has(name)), ...fields.map(([, name]) => name)]
  const checks = [
    ...SNP_CHECKS,
    ...SNP_POLICY_CHECKS,
    ...BINDING_CHECKS,
    ...GPU_CHECKS,
    ...GPU_POLICY_CHECKS,
    ...UNSUPPORTED_CHECKS,
    'snp.tcb-order',
  ]
  t.same([...new Set(named)].sort(), [...checks].sort())
})

t.test('errors: every code is provoked by a test', async (t) => {
  const tests = readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !name.startsWith('house'))
    .map((name) => readFileSync(path.join(root, 'test', name), 'utf8'))
    .join('\n')
  for (const code of Object.keys(CODES)) t.ok(new RegExp(`\\b${code}\\b`).test(tests), code)
})

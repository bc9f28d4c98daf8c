// SPDX-License-Identifier: Apache-2.0
// What is written about policies agrees with the code in both directions.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { authenticity, parsePolicy } from '../../src/verify/index.js'
import { DESCRIPTIONS } from '../../src/verify/policy-text.js'
import { checkOf, flips, strict } from '../verify/policy-flips.js'

const docs = path.resolve(import.meta.dirname, '../../docs')
const page = readFileSync(path.join(docs, 'policy.md'), 'utf8')

/** Cells of the rows that begin with a field. */
const rows = page
  .split('\n')
  .filter((line) => /^\| `(snp|gpus|binding)\./.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))

const leaves = [...DESCRIPTIONS.keys()].filter(
  (name, _, all) => name.includes('.') && !all.some((other) => other.startsWith(`${name}.`)),
)

t.test('policy.md: lists every field, in their order, and no other', async (t) => {
  t.same(
    rows.map(([, field]) => field),
    leaves,
  )
})

t.test('policy.md: each check and code is the one that the field has', async (t) => {
  const elsewhere: Record<string, readonly string[]> = {
    'snp.maskedChipId': ['snp.chip', 'ERR_CHIP_ID_MASKED'],
    'snp.revocation': ['snp.revocation', 'ERR_CRL_STALE'],
  }
  const table = flips(strict('Turin', 'vcek'))
  for (const [, field = '', , check, code] of rows.filter(([, name]) => name?.startsWith('snp.'))) {
    t.same([check, code], elsewhere[field] ?? [checkOf(field), table[field]?.code], field)
  }
})

t.test('policy floors: an example that asks for levels and nothing else', async (t) => {
  const name = 'policy-floors-2026-11.jsonc'
  const text = readFileSync(path.join(docs, name), 'utf8')
  t.match(text, /^\/\/ EXAMPLE, as of 2026-11\./)
  t.match(text, /second hand/)
  t.ok(page.includes(`(${name})`))
  const { snp, ...rest } = parsePolicy(text)
  const base = authenticity()
  t.strictSame(rest.binding, base.binding)
  t.equal(snp?.minimumTcb.reported.length, 7)
  t.strictSame(
    { ...snp, minimumTcb: 0, minimumFirmware: 0 },
    { ...base.snp, minimumTcb: 0, minimumFirmware: 0 },
  )
})

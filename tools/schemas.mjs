// SPDX-License-Identifier: Apache-2.0
// Writes the JSON Schemas of docs/ from the schemas that documents are read by. With --check it writes
// nothing and fails when one of them is not what the code says. Run it after a build.

import { readFileSync, writeFileSync } from 'node:fs'
import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { QUOTE_ANSWER } from '../build/js/src/evidence/aep83.js'
import { BUNDLE } from '../build/js/src/evidence/bundle.js'
import { EVIDENCE_V1 } from '../build/js/src/evidence/v1.js'
import { PolicySchema } from '../build/js/src/verify/policy-schema.js'

const answer = v.union([EVIDENCE_V1, QUOTE_ANSWER])

/** File in docs/, and what it describes. */
const SCHEMAS = [
  ['evidence.schema.json', EVIDENCE_V1],
  ['bundle.schema.json', v.strictObject({ ...BUNDLE.entries, evidence: answer })],
  ['policy.schema.json', PolicySchema],
]

const check = process.argv.includes('--check')
for (const [name, schema] of SCHEMAS) {
  const file = new URL(`../docs/${name}`, import.meta.url)
  // What holds between fields is beyond JSON Schema; the descriptions say it.
  const json = toJsonSchema(schema, {
    ...{ typeMode: 'input', target: 'draft-2020-12' },
    ignoreActions: ['check'],
  })
  const text = `${JSON.stringify(json, null, 2)}\n`
  if (!check) {
    writeFileSync(file, text)
  } else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`docs/${name} is not what the code says: npm run schemas\n`)
    process.exitCode = 1
  }
}

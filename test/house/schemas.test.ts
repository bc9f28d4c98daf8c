// SPDX-License-Identifier: Apache-2.0
// The published JSON Schemas are those that documents are read by.

import { spawnSync } from 'node:child_process'
import path from 'node:path'
import t from 'tap'

const tool = path.resolve(import.meta.dirname, '../../tools/schemas.mjs')

t.test('schemas: docs has what the code says', async (t) => {
  const { status, stderr } = spawnSync(process.execPath, [tool, '--check'], { encoding: 'utf8' })
  t.equal(status, 0, stderr)
})

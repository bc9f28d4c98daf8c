// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import * as bundle from '../src/bundle.js'
import * as client from '../src/client/index.js'
import * as assay from '../src/index.js'
import * as verify from '../src/verify/index.js'

t.test('bundle: what it offers is what the entry points offer', async (t) => {
  const whole: Record<string, unknown> = { ...assay, ...verify, ...client }
  for (const [name, value] of Object.entries(bundle)) t.equal(value, whole[name], name)
  t.ok('parseSnpReport' in bundle && 'appraise' in bundle && 'fetchEvidence' in bundle)
})

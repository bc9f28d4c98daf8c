// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { parseEvidence, rawEvidence } from '../../src/evidence.js'
import { pattern } from '../fake/nvidia.js'
import { QUOTE } from './documents.js'

t.test('raw: a report by itself is what raw mode of AEP-83 answers with', async (t) => {
  const report = pattern(1184, 1)
  const answer = {
    ...QUOTE,
    report: Buffer.from(report).toString('base64'),
    auxblob: '',
    cert_chain: '',
  }
  const { report: read, ...rest } = parseEvidence(JSON.stringify(answer))
  const { report: given, ...others } = rawEvidence('snp', report)
  t.same(others, rest)
  t.same(given, read)
  t.not(given, report, 'a copy')
})

// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { merkleVerify } from '../../src/core/merkle.js'
import { reportDataBatch, reportDataBatchVerify } from '../../src/core/report-data.js'
import { throwsCode } from '../helpers.js'
import { alterations, bits, code, flips, type Proof, proofs, spread } from './proofs.js'

const inReportData = (p: Proof, reportData: Uint8Array): void =>
  reportDataBatchVerify(reportData, p.entry, p.index, p.size, p.path)

t.test('batch: REPORT_DATA fixes entry, index, size and path, bit by bit', async (t) => {
  for (const size of [1, 2, 3, 5, 6, 7, 8, 33, 100, 129, 65535, 65536]) {
    for (const p of proofs(size, spread(size))) {
      const reportData = reportDataBatch(size, p.root)
      inReportData(p, reportData)
      const altered = [...alterations(p), ...bits(p.size).map((other) => ({ ...p, size: other }))]
      const codes = new Set([
        ...altered.map((other) => code(() => inReportData(other, reportData))),
        ...[...flips(reportData)].map((other) => code(() => inReportData(p, other))),
      ])
      codes.delete('ERR_MERKLE_INDEX')
      t.strictSame([...codes], ['ERR_MERKLE_PATH'], `${p.index} of ${size}`)
    }
  }
})

t.test('batch: the root alone does not fix the size, REPORT_DATA does', async (t) => {
  const [p] = proofs(5, [0]) as [Proof]
  merkleVerify(p.entry, p.index, 7, p.path, p.root) // alike for 0 of 5 and 0 of 7
  const reportData = reportDataBatch(5, p.root)
  throwsCode(t, () => inReportData({ ...p, size: 7 }, reportData), 'ERR_MERKLE_PATH')
  throwsCode(t, () => inReportData(p, reportData.subarray(0, 63)), 'ERR_MERKLE_PATH')
  throwsCode(t, () => inReportData(p, new Uint8Array(65)), 'ERR_MERKLE_PATH')
  throwsCode(t, () => inReportData(p, 'text' as never), 'ERR_ARGUMENT')
})

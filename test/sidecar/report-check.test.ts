// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { parseTdxQuote } from '../../src/core/tdx.js'
import { checkReport } from '../../src/sidecar/report-check.js'
import { mintReport } from '../../src/simulate/snp-report.js'
import { pattern } from '../fake/nvidia.js'
import { mintQuote, mintTdReport } from '../fake/tdx.js'
import { throwsCode } from '../helpers.js'

const REPORT_DATA = pattern(64, 5)
const asked = { reportData: REPORT_DATA, vmpl: 1 }

t.test('report-check: an SNP report over what was asked, at the level asked for', async (t) => {
  checkReport('snp', mintReport({ reportData: REPORT_DATA, vmpl: 1 }), asked)
  for (const fields of [
    { reportData: REPORT_DATA, vmpl: 0 },
    { reportData: REPORT_DATA, vmpl: 0xffffffff },
    { reportData: pattern(64, 6), vmpl: 1 },
  ]) {
    throwsCode(t, () => checkReport('snp', mintReport(fields), asked), 'ERR_DEVICE_ANSWER')
  }
})

t.test('report-check: a TDX quote over what was asked; it has no level', async (t) => {
  for (const version of [4, 5]) {
    const quote = mintQuote({ version })
    const { reportData } = parseTdxQuote(quote).body
    checkReport('tdx', quote, { reportData, vmpl: 3 })
    throwsCode(t, () => checkReport('tdx', quote, asked), 'ERR_DEVICE_ANSWER')
  }
})

t.test('report-check: something else than a report', async (t) => {
  const report = mintReport({ reportData: REPORT_DATA, vmpl: 1 })
  const others = [new Uint8Array(), report.slice(0, -1), mintTdReport(), new Uint8Array(1184)]
  for (const tee of ['snp', 'tdx'] as const) {
    for (const other of others) {
      throwsCode(t, () => checkReport(tee, other, asked), 'ERR_DEVICE_ANSWER')
    }
  }
  throwsCode(t, () => checkReport('tdx', report, asked), 'ERR_DEVICE_ANSWER')
})

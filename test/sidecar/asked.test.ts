// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { parseTdxQuote } from '../../src/core/tdx.js'
import { checkAnswer } from '../../src/sidecar/asked.js'
import { mintReport } from '../fake/snp.js'
import { mintQuote, mintTdReport, noise } from '../fake/tdx.js'
import { changed, hex, throwsCode } from '../helpers.js'

const reportData = noise(64, 1)
const report = mintReport({ reportData, vmpl: 1 })

t.test('asked: the report as it came, if it says what was asked', async (t) => {
  t.equal(hex(checkAnswer('snp', report, { reportData, vmpl: 1 })), hex(report))
})

t.test('asked: every bit of REPORT_DATA and VMPL counts', async (t) => {
  const flipped = (at: number, bit: number) =>
    changed(report, (r) => r.set([(r[at] as number) ^ (1 << bit)], at))
  for (const at of [...Array.from({ length: 64 }, (_, i) => 0x50 + i), 0x30, 0x31, 0x32, 0x33]) {
    for (let bit = 0; bit < 8; bit++) {
      const answer = flipped(at, bit)
      const title = `bit ${bit} of byte ${at}`
      throwsCode(
        t,
        () => checkAnswer('snp', answer, { reportData, vmpl: 1 }),
        'ERR_DEVICE_ANSWER',
        title,
      )
    }
  }
  const short = { reportData: reportData.subarray(0, 63), vmpl: 1 }
  throwsCode(t, () => checkAnswer('snp', report, short), 'ERR_DEVICE_ANSWER', 'no prefix either')
})

t.test(
  'asked: a report that is newer than the sidecar is served, if it says what was asked',
  async (t) => {
    const version = (number: number) => changed(report, (r) => r.set([number, 0, 0, 0], 0))
    t.equal(hex(checkAnswer('snp', version(6), { reportData, vmpl: 1 })), hex(version(6)))
    const others = [
      { reportData: noise(64, 2), vmpl: 1 },
      { reportData, vmpl: 0 },
    ]
    for (const asked of others) {
      throwsCode(t, () => checkAnswer('snp', version(6), asked), 'ERR_DEVICE_ANSWER')
    }
    const asked = { reportData, vmpl: 1 }
    throwsCode(t, () => checkAnswer('snp', version(1), asked), 'ERR_DEVICE_ANSWER', 'an older one')
    const short = version(6).subarray(0, -1)
    throwsCode(t, () => checkAnswer('snp', short, asked), 'ERR_DEVICE_ANSWER', 'a torn one')
  },
)

t.test('asked: evidence of the other TEE is none', async (t) => {
  throwsCode(t, () => checkAnswer('tdx', report, { reportData, vmpl: 1 }), 'ERR_DEVICE_ANSWER')
})

t.test('asked: a bug of ours stays one', async (t) => {
  const asked = { reportData, vmpl: 1 }
  throwsCode(t, () => checkAnswer('snp', null as never, asked), 'ERR_ARGUMENT')
})

t.test(
  'asked: a TDX quote over what was asked; it has no level, and nothing behind it',
  async (t) => {
    for (const version of [4, 5]) {
      const quote = mintQuote({ version, trailing: noise(40, 9) })
      const asked = { reportData: parseTdxQuote(quote).body.reportData, vmpl: 3 }
      t.equal(hex(checkAnswer('tdx', quote, asked)), hex(quote.slice(0, -40)))
      throwsCode(t, () => checkAnswer('tdx', quote, { reportData, vmpl: 1 }), 'ERR_DEVICE_ANSWER')
    }
    const local = mintTdReport()
    throwsCode(t, () => checkAnswer('tdx', local, { reportData, vmpl: 0 }), 'ERR_DEVICE_ANSWER')
  },
)

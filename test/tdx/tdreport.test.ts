// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { parseTdReport } from '../../src/index.js'
import { hashed, mintTdReport } from '../fake/tdx.js'
import { changed, throwsCode } from '../helpers.js'
import { readTdReport } from '../oracle/tdx.js'
import { tdReportReading } from './view.js'

for (const version of [0, 1]) {
  t.test(`TDREPORT: version ${version}: every field is the one that was minted`, async (t) => {
    const report = mintTdReport(version)
    t.same(tdReportReading(parseTdReport(report)), readTdReport(report))
  })

  t.test(`TDREPORT: version ${version}: every reserved byte must be zero`, async (t) => {
    const reserved: [number, number][] = [
      [3, 16],
      [192, 224],
      [400, 512],
      [version === 0 ? 912 : 960, 1024],
    ]
    for (const [start, end] of reserved) {
      for (let at = start; at < end; at++) {
        const used = mintTdReport(version, (copy) => copy.fill(1, at, at + 1))
        const message = throwsCode(t, () => parseTdReport(used), 'ERR_TDREPORT_RESERVED')
        t.match(message, `(offset 0x${at.toString(16)})`)
      }
    }
  })

  t.test(`TDREPORT: version ${version}: a change of anything hashed is noticed`, async (t) => {
    const report = mintTdReport(version)
    const end = version === 0 ? 912 : 960
    const hashedBytes = [
      [32, 128],
      [256, 400],
      [512, end],
    ] as const
    for (const [start, end] of hashedBytes) {
      for (let at = start; at < end; at++) {
        const used = changed(report, (copy) => copy.fill((copy[at] as number) ^ 0x10, at, at + 1))
        throwsCode(t, () => parseTdReport(used), 'ERR_TDREPORT_HASH', `offset ${at}`)
      }
    }
  })
}

t.test('TDREPORT: says that it cannot be verified, to the compiler as well', async (t) => {
  const remotelyVerifiable: false = parseTdReport(mintTdReport()).remotelyVerifiable
  t.equal(remotelyVerifiable, false)
})

t.test(
  'TDREPORT: anybody can make one, as nothing covers REPORTDATA and MAC but the MAC',
  async (t) => {
    const forged = changed(mintTdReport(), (copy) => copy.fill(0x42, 128, 192).fill(0x42, 224, 256))
    t.doesNotThrow(() => parseTdReport(forged))
  },
)

t.test('TDREPORT: exactly its length', async (t) => {
  const report = mintTdReport()
  const longer = new Uint8Array(1025)
  longer.set(report)
  throwsCode(t, () => parseTdReport(longer), 'ERR_TDREPORT_LENGTH')
  for (let length = 0; length < 1024; length++) {
    throwsCode(t, () => parseTdReport(report.subarray(0, length)), 'ERR_TDREPORT_LENGTH')
  }
})

t.test('TDREPORT: type and version', async (t) => {
  const parse = (at: number, value: number) => () =>
    parseTdReport(hashed(changed(mintTdReport(), (copy) => copy.fill(value, at, at + 1))))
  for (const type of [0, 0x80, 0x82, 0xff]) throwsCode(t, parse(0, type), 'ERR_TDREPORT_TYPE')
  for (const subtype of [1, 0xff]) throwsCode(t, parse(1, subtype), 'ERR_TDREPORT_TYPE')
  for (const version of [2, 0x81, 0xff]) throwsCode(t, parse(2, version), 'ERR_TDREPORT_VERSION')
})

t.test('TDREPORT: attributes are decoded', async (t) => {
  const debug = mintTdReport(0, (copy) => copy.fill(0, 512, 520).fill(1, 512, 513))
  t.match(parseTdReport(debug).tdInfo.attributeBits, { debug: true, perfmon: false, unknown: 0n })
})

t.test('TDREPORT: a later change of the buffer, or of a field, changes nothing', async (t) => {
  const bytes = Buffer.from(mintTdReport(1))
  const report = parseTdReport(bytes)
  const before = tdReportReading(report)
  bytes.fill(0xee)
  report.mac.fill(0xee)
  report.tdInfo.mrTd.fill(0xee)
  for (const rtmr of report.tdInfo.rtmr) rtmr.fill(0xee)
  report.teeTcbInfo.mrSeam.fill(0xee)
  t.same(tdReportReading(report), before)
  t.throws(() => Object.assign(report, { remotelyVerifiable: true }), TypeError)
})

// SPDX-License-Identifier: Apache-2.0
// Every status of the core for TDX evidence, asked of the core itself.

import t from 'tap'
import { Status } from '../../assembly/status.js'
import { call, put } from '../../src/core/core.js'
import { mintQuote, mintTdReport, noise, pemChain } from '../fake/tdx.js'
import { changed } from '../helpers.js'

/** What the core says about the bytes, and the offset it leaves. */
function checked(bytes: Uint8Array, kind: 'checkTdxQuote' | 'checkTdReport'): [Status, number] {
  return call((c) => [c.x[kind](put(c, bytes)), c.rows[0] as number])
}

const v5 = mintQuote({ version: 5 })
const report = mintTdReport(1)
const pem = pemChain([noise(90, 1), noise(91, 2)], '\n', '')
const at = (bytes: Uint8Array, offset: number, value: number) =>
  changed(bytes, (copy) => copy.fill(value, offset, offset + 1))

/** Signature data of version 5, type 3, and what lies in it with 32 bytes of authentication data. */
const DATA = 706
const PCK = DATA + 584 + 32

const quotes: readonly [Status, number: number, Uint8Array][] = [
  [Status.TdxLength, 0, new Uint8Array()],
  [Status.TdxLength, 50, v5.subarray(0, 50)],
  [Status.TdxLength, 705, v5.subarray(0, 705)],
  [Status.TdxVersion, 3, at(v5, 0, 3)],
  [Status.TdxKeyType, 2, at(v5, 2, 3)],
  [Status.TdxTeeType, 4, at(v5, 4, 0)],
  [Status.TdxVendor, 12, at(v5, 27, 0)],
  [Status.TdxReserved, 11, at(v5, 11, 1)],
  [Status.TdxBodyType, 48, at(v5, 48, 1)],
  [Status.TdxBodySize, 50, at(v5, 50, 1)],
  [Status.TdxSignatureLength, DATA - 4, v5.subarray(0, -1)],
  [Status.TdxCertificationType, DATA + 128, at(v5, DATA + 128, 5)],
  [Status.TdxCertificationLength, DATA + 130, at(v5, DATA + 130, 0)],
  [Status.TdxQeReserved, DATA + 134 + 303, at(v5, DATA + 134 + 303, 1)],
  [Status.TdxQeAuthLength, DATA + 582, at(v5, DATA + 583, 0xff)],
  [Status.TdxPckType, PCK, at(v5, PCK, 6)],
  [Status.TdxPckLength, PCK + 2, at(v5, PCK + 2, 0)],
  [Status.TdxPckLength, PCK + 2, at(v5, PCK, 1)],
  [Status.TdxPckChain, PCK + 6, mintQuote({ version: 5, pckData: noise(9, 3) })],
]

const reports: readonly [Status, number: number, Uint8Array][] = [
  [Status.TdReportLength, 1023, report.subarray(0, 1023)],
  [Status.TdReportLength, 1025, changed(new Uint8Array(1025), (copy) => copy.set(report))],
  [Status.TdReportType, 0, at(report, 0, 0)],
  [Status.TdReportType, 1, at(report, 1, 1)],
  [Status.TdReportVersion, 2, at(report, 2, 2)],
  [Status.TdReportReserved, 511, at(report, 511, 1)],
  [Status.TdReportTcbInfoHash, 32, at(report, 256, ~(report[256] as number))],
  [Status.TdReportInfoHash, 80, at(report, 512, ~(report[512] as number))],
]

t.test('core: every status of a quote, and the offset that goes with it', async (t) => {
  for (const [status, offset, bytes] of quotes) {
    t.same(checked(bytes, 'checkTdxQuote'), [status, offset], Status[status])
  }
})

t.test('core: every status of a TDREPORT, and the offset that goes with it', async (t) => {
  for (const [status, offset, bytes] of reports) {
    t.same(checked(bytes, 'checkTdReport'), [status, offset], Status[status])
  }
})

t.test('core: all of them are here', async (t) => {
  const names = Object.values(Status).filter((name) => /^(Tdx|TdReport)/.test(String(name)))
  const provoked = new Set([...quotes, ...reports].map(([status]) => Status[status]))
  t.same([...provoked].sort(), names.sort())
})

t.test('core: no PEM marker reaches over the certification data', async (t) => {
  const second = PCK + 6 + Buffer.from(pem).indexOf('-----BEGIN', 1)
  for (const cut of [2, 6, 25]) {
    const shape = { version: 5, pckData: pem.subarray(0, -cut), trailing: pem.subarray(-cut) }
    t.same(checked(mintQuote(shape), 'checkTdxQuote'), [Status.TdxPckChain, second], `${cut}`)
  }
})

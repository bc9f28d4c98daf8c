// SPDX-License-Identifier: Apache-2.0
// The answer of SNP_GET_REPORT.

import t from 'tap'
import { snpReportFromIoctl } from '../../src/index.js'
import { mintReport } from '../fake/snp.js'
import { changed, codeOf, throwsCode } from '../helpers.js'
import { skip, vectorBytes } from '../vectors.js'

const minted = mintReport()

function response(change: (view: DataView, bytes: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(4000)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, 1184, true)
  bytes.set(minted, 0x20)
  change(view, bytes)
  return bytes
}

const refused = (bytes: Uint8Array) => () => snpReportFromIoctl(bytes)

t.test('response: holds the report', async (t) => {
  t.strictSame(snpReportFromIoctl(response()).bytes, minted)
  t.strictSame(snpReportFromIoctl(Buffer.from(response())).bytes, minted)
})

t.test('response: every other length is refused', async (t) => {
  for (const length of [0, 1, 0x20, 1184, 0x4c0, 3968, 3999, 4001, 0x4000]) {
    throwsCode(t, refused(new Uint8Array(length)), 'ERR_SNP_RESPONSE', `${length}`)
  }
})

t.test('response: a failure of the firmware is not a report', async (t) => {
  for (const status of [1, 0x16, 0x27, 0x80000000]) {
    const failed = response((view) => view.setUint32(0, status, true))
    throwsCode(t, refused(failed), 'ERR_SNP_RESPONSE', `${status}`)
  }
})

t.test('response: another report size is refused', async (t) => {
  for (const size of [0, 1183, 1185, 4000, 0xffffffff]) {
    const other = response((view) => view.setUint32(4, size, true))
    throwsCode(t, refused(other), 'ERR_SNP_RESPONSE', `${size}`)
  }
})

t.test('response: every byte around the report must be zero', async (t) => {
  const good = response()
  for (let at = 8; at < 4000; at++) {
    if (at === 0x20) at += 1184
    const bad = changed(good, (copy) => {
      copy[at] = 1
    })
    if (codeOf(refused(bad)) !== 'ERR_SNP_RESPONSE') t.fail(`offset ${at}`)
  }
  t.equal(codeOf(refused(good)), null)
})

t.test('response: the report itself is checked', async (t) => {
  throwsCode(t, refused(response((_, bytes) => bytes.fill(0, 0x20))), 'ERR_SNP_VERSION')
})

t.test('response: bytes and nothing else', async (t) => {
  throwsCode(t, refused('x'.repeat(4000) as unknown as Uint8Array), 'ERR_ARGUMENT')
})

t.test('response: a captured one', { skip }, async (t) => {
  const captured = vectorBytes('snp', 'ioctl-responses', 'report-resp.bin')
  t.strictSame(snpReportFromIoctl(captured).bytes, captured.slice(0x20, 0x20 + 1184))
})

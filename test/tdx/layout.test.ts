// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import * as bits from '../../assembly/tdx/bits.js'
import * as quote from '../../assembly/tdx/layout.js'
import * as body from '../../assembly/tdx/layout-body.js'
import * as qe from '../../assembly/tdx/layout-qe.js'
import * as signature from '../../assembly/tdx/layout-signature.js'
import * as tdreport from '../../assembly/tdx/layout-tdreport.js'

type Layout = Readonly<Record<string, number>>

/** Where the ranges X_AT, X_LEN end that lie one after the other from 0 on. */
function ends(layout: Layout, include: (name: string) => boolean = () => true): number[] {
  const ranges = Object.keys(layout)
    .filter((name) => name.endsWith('_AT') && include(name))
    .map((name) => ({ at: layout[name], length: layout[name.replace(/_AT$/, '_LEN')] }))
    .filter((range): range is { at: number; length: number } => range.length !== undefined)
    .sort((a, b) => a.at - b.at)
  let end = 0
  return ranges.map(({ at, length }) => {
    if (at !== end) throw new Error(`a range starts at ${at}, the one before ends at ${end}`)
    end = at + length
    return end
  })
}

t.test('layout: every byte of the head of a quote has one name', async (t) => {
  const found = ends(quote, (name) => !name.startsWith('ROW_'))
  t.ok(found.includes(quote.HEADER_LEN))
  t.equal(found.at(-1), quote.DESCRIBED_HEADER_LEN)
})

t.test('layout: every byte of each TD report body has one name', async (t) => {
  const found = ends(body)
  t.ok(found.includes(body.TD_REPORT10_LEN))
  t.ok(found.includes(body.TD_REPORT15_LEN))
  t.equal(found.at(-1), body.TD_REPORT15_EX_LEN)
  t.same([body.TD_REPORT10_LEN, body.TD_REPORT15_LEN, body.TD_REPORT15_EX_LEN], [584, 648, 885])
})

t.test('layout: every byte of the signature data has one name', async (t) => {
  const isPck = (name: string) => name.startsWith('PCK_')
  t.equal(ends(signature, (name) => !isPck(name)).at(-1), signature.QE_AUTH_AT)
  t.equal(ends(signature, isPck).at(-1), signature.PCK_DATA_AT)
})

t.test('layout: every byte of the QE report has one name', async (t) => {
  t.equal(ends(qe).at(-1), signature.QE_REPORT_LEN)
})

t.test('layout: every byte of a TDREPORT has one name', async (t) => {
  const found = ends(tdreport)
  t.equal(found.at(-1), tdreport.TDREPORT_LEN)
  t.ok(found.includes(tdreport.TEE_TCB_INFO_END))
  t.equal(tdreport.TEE_TCB_INFO_END - tdreport.VALID_AT, 239)
})

t.test('layout: the words of a finding follow each other', async (t) => {
  const words = Object.entries(quote).filter(([name]) => name.endsWith('_WORD'))
  const sorted = words.map(([, word]) => word).sort((a, b) => a - b)
  t.same(sorted, [...sorted.keys()])
  t.equal(quote.ROWS_WORD, sorted.length - 1)
})

t.test('layout: the bits of TDATTRIBUTES are distinct', async (t) => {
  t.equal(new Set(Object.values(bits)).size, Object.keys(bits).length)
})

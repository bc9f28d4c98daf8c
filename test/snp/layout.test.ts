// SPDX-License-Identifier: Apache-2.0
// The declared layouts: every byte has one name, every security patch level one place.

import t, { type Test } from 'tap'
import * as certs from '../../assembly/snp/certs-layout.js'
import * as layout from '../../assembly/snp/layout.js'
import { TCB_LEN, Tcb1A, Tcb19 } from '../../assembly/snp/tcb.js'

/** Asserts that the X_AT, X_LEN pairs of a layout meet end to start from 0 to `end`. */
function tiles(t: Test, names: Record<string, number>, end: number): void {
  const starts = Object.keys(names).filter((name) => name.endsWith('_AT'))
  const ranges = starts.map((name) => ({
    name,
    at: names[name] as number,
    length: names[name.replace(/_AT$/, '_LEN')] as number,
  }))
  ranges.sort((a, b) => a.at - b.at)
  let next = 0
  for (const { name, at, length } of ranges) {
    t.equal(at, next, `${name} starts where the last one ended`)
    t.ok(length > 0, `${name} has a length`)
    next = at + length
  }
  t.equal(next, end, 'the last one ends at the end')
}

t.test('report layout: closes exactly', async (t) => {
  tiles(t, layout, 0x4a0)
  t.equal(layout.REPORT_LEN, 0x4a0)
})

t.test('report layout: the signature starts where the signed bytes end', async (t) => {
  t.equal(layout.SIGNATURE_R_AT, layout.SIGNED_LEN)
})

t.test('report layout: every length belongs to a range', async (t) => {
  const lengths = Object.keys(layout).filter((name) => name.endsWith('_LEN'))
  const alone = lengths.filter((name) => !(name.replace(/_LEN$/, '_AT') in layout))
  t.strictSame(alone.sort(), ['REPORT_LEN', 'SIGNED_LEN'])
})

t.test('certificate table entry: closes exactly', async (t) => {
  const entry = Object.entries(certs).filter(([name]) => name.startsWith('ENTRY_'))
  tiles(t, Object.fromEntries(entry), certs.ENTRY_LEN)
})

t.test('TCB rows: each level has a byte of its own', async (t) => {
  for (const row of [Tcb19, Tcb1A]) {
    const places = Object.values(row).filter((value) => typeof value === 'number')
    t.equal(new Set(places).size, places.length)
    t.ok(places.every((at) => at < TCB_LEN))
  }
})

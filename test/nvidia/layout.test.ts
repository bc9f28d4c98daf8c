// SPDX-License-Identifier: Apache-2.0
import t, { type Test } from 'tap'
import * as layout from '../../assembly/nvidia/layout.js'

/** Asserts that the ranges whose names match stand back to back, from `start` to `end`. */
function tiles(t: Test, names: RegExp, start: number, end: number): void {
  const values = layout as unknown as Record<string, number>
  const ranges = Object.keys(layout)
    .filter((name) => names.test(name))
    .map(
      (name) => [values[name] as number, values[name.replace(/_AT$/, '_LEN')] as number] as const,
    )
    .sort(([a], [b]) => a - b)
  t.ok(ranges.length > 1)
  let next = start
  for (const [at, length] of ranges) {
    t.equal(at, next)
    next = at + length
  }
  t.equal(next, end)
}

t.test('layout: every byte before the measurement record has a name', async (t) => {
  tiles(t, /^(REQUEST|RESPONSE)_.*_AT$|^(BLOCK_COUNT|RECORD_LENGTH)_AT$/, 0, layout.RECORD_AT)
})

t.test('layout: every byte of a measurement block has a name', async (t) => {
  tiles(t, /^BLOCK_(INDEX|SPECIFICATION|SIZE|VALUE.*)_AT$/, 0, layout.BLOCK_LEN)
  t.equal(layout.BLOCK_SIZE, layout.BLOCK_LEN - layout.BLOCK_VALUE_TYPE_AT)
})

t.test('layout: every byte of the opaque data header has a name', async (t) => {
  tiles(t, /^OPAQUE_.*_AT$/, 0, layout.OPAQUE_HEADER_LEN)
})

t.test('layout: the magic is what it says', async (t) => {
  const magic = new DataView(new ArrayBuffer(layout.OPAQUE_MAGIC_LEN))
  magic.setUint32(0, layout.OPAQUE_MAGIC_LOW, true)
  magic.setUint16(4, layout.OPAQUE_MAGIC_HIGH, true)
  t.equal(Buffer.from(magic.buffer).toString(), 'NVDAOD')
})

t.test('layout: rows of the largest report fit the output window', async (t) => {
  const words = layout.SUMMARY_WORDS + (layout.GPU_BLOCKS + layout.MAX_FIELDS) * layout.ROW_WORDS
  t.ok(words * 4 <= 0x4000)
})

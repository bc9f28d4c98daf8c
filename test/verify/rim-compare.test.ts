// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import type { Bytes } from '../../src/core/private-copy.js'
import { openRim } from '../../src/verify/rim.js'
import { compareMeasurements, type Golden } from '../../src/verify/rim-compare.js'
import { pattern } from '../fake/nvidia.js'
import { manifest, skip, vectorBytes, vectors } from '../vectors.js'
import { fakeDevice, realDevice } from './rim-device.js'

const { report } = fakeDevice()
const runtime = report.measurements
const other = pattern(48, 4711)

const golden = (...rows: [number, ...Bytes[]][]): Golden => ({
  active: rows.map(([index, ...alternatives]) => ({ index, name: `M_${index}`, alternatives })),
})
const at = (index: number): Bytes => runtime[index] as Bytes

t.test('compareMeasurements: each golden value counts, any alternative will do', async (t) => {
  const driver = golden([7, at(7)], [21, other, at(21)])
  const firmware = golden([0, at(0), other], [63, at(63)])
  t.same(compareMeasurements(report, { driver, firmware }), {
    matched: 4,
    mismatches: [],
    conflicts: [],
    skipped: [],
  })
})

t.test('compareMeasurements: what is no golden value, by source', async (t) => {
  const driver = golden([63, other], [7, other, other], [8, at(8)])
  const firmware = golden([0, other])
  t.same(compareMeasurements(report, { driver, firmware }), {
    matched: 1,
    mismatches: [
      { index: 0, source: 'vbios', name: 'M_0' },
      { index: 7, source: 'driver', name: 'M_7' },
      { index: 63, source: 'driver', name: 'M_63' },
    ],
    conflicts: [],
    skipped: [],
  })
  const nvswitch = fakeDevice({ shape: 'switch' }).report
  const { mismatches } = compareMeasurements(nvswitch, { driver: null, firmware })
  t.same(mismatches, [{ index: 0, source: 'bios', name: 'M_0' }])
})

t.test('compareMeasurements: a value that is missing or of another length is none', async (t) => {
  const short = at(5).subarray(0, 47) as Bytes
  const { mismatches } = compareMeasurements(report, {
    driver: golden([64, at(0)], [5, short], [6]),
    firmware: null,
  })
  t.same(
    mismatches.map(({ index }) => index),
    [5, 6, 64],
  )
})

t.test('compareMeasurements: zero is a value like any other', async (t) => {
  const zero = new Uint8Array(48)
  const measurements = [zero, at(1)]
  const measured = { kind: report.kind, opaqueData: report.opaqueData, measurements }
  const compare = (driver: Golden) => compareMeasurements(measured, { driver, firmware: null })
  t.equal(compare(golden([0, other, zero])).matched, 1)
  t.equal(compare(golden([1, zero])).mismatches.length, 1)
})

t.test('compareMeasurements: an index in both RIMs counts in neither', async (t) => {
  const driver = golden([1, at(1)], [2, at(2)], [3, other])
  const firmware = golden([3, at(3)], [1, at(1)], [4, at(4)])
  const { matched, mismatches, conflicts } = compareMeasurements(report, { driver, firmware })
  t.same([matched, mismatches, conflicts], [2, [], [3, 1]])
})

t.test('compareMeasurements: NVDEC0, while it is off', async (t) => {
  const rims = { driver: golden([35, other], [36, at(36)]), firmware: null }
  const { opaqueData, kind, measurements } = report
  const compare = (nvdec0Status: 'enabled' | 'disabled' | null) =>
    compareMeasurements({ kind, measurements, opaqueData: { ...opaqueData, nvdec0Status } }, rims)
  t.same(compare('disabled').skipped, [35])
  t.equal(compare('disabled').mismatches.length, 0)
  for (const status of ['enabled', null] as const) {
    t.same(compare(status).skipped, [])
    t.same(
      compare(status).mismatches.map(({ index }) => index),
      [35],
    )
  }
})

interface Expected {
  readonly conflicting_indices: number[]
  readonly matched: number[]
  readonly skipped: number[]
  readonly mismatched: number[]
}

/** Which documents a comparison of a manifest is with. */
const DOCUMENTS: Record<string, [driver: string | null, firmware: string | null]> = {
  'b200-590.48.01/measurement_compare_wrong_version': [
    'driver_rim_other_version',
    'vbios_rim_other_version',
  ],
  'h100-545.00-no-fwid/measurement_compare_other_issue': ['driver_rim', 'vbios_rim_other_issue'],
  'h100-550.144.03-tdx-nonce-bound/measurement_compare': ['driver_rim', null],
  'h100-550.90.07-complete/measurement_compare_reissued': ['driver_rim', 'vbios_rim_reissued'],
  'h200-570.172.08-nras/measurement_compare': [null, 'vbios_rim'],
  'ls10-switch-bios-96.10.55.00.01/measurement_compare': [null, 'bios_rim'],
}
/** With documents that nobody signed, and so nobody compares with. */
const UNSIGNED = [
  'h100-570.124.03-rim-expired/measurement_compare',
  'ls10-switch-bios-96.10.55.00.01/measurement_compare_mismatch',
]

t.test('compareMeasurements: real devices, as their manifests say', { skip }, async (t) => {
  let count = 0
  for (const vector of vectors('nvidia')) {
    for (const [name, expected] of Object.entries(manifest<object>('nvidia', vector))) {
      const id = `${vector}/${name}`
      if (!name.startsWith('measurement_compare') || UNSIGNED.includes(id)) continue
      const [driver, firmware] = DOCUMENTS[id] ?? ['driver_rim', 'vbios_rim']
      const open = async (file: string | null) =>
        file && openRim(new Uint8Array(vectorBytes('nvidia', vector, `${file}.xml`)), [])
      const { matched, mismatches, conflicts, skipped } = compareMeasurements(
        realDevice(vector).report,
        { driver: (await open(driver)) || null, firmware: (await open(firmware)) || null },
      )
      const stated = expected as Expected
      t.same(
        [matched, mismatches.map(({ index }) => index), conflicts, skipped],
        [stated.matched.length, stated.mismatched, stated.conflicting_indices, stated.skipped],
        id,
      )
      count++
    }
  }
  t.equal(count, 9)
})

// SPDX-License-Identifier: Apache-2.0
// Every status of the core for NVIDIA reports, asked of the core itself.

import t from 'tap'
import { Status } from '../../assembly/status.js'
import { call, put } from '../../src/core/core.js'
import { type FakeField, mintGpuReport } from '../fake/nvidia.js'
import { changed } from '../helpers.js'

const checked = (bytes: Uint8Array): [Status, number] =>
  call((c) => [c.x.checkNvidiaReport(put(c, bytes)), c.rows[0] as number])

const report = mintGpuReport()
const at = (offset: number, ...values: number[]) =>
  changed(report, (copy) => copy.set(values, offset))
const field = (id: number): FakeField => ({ id, value: Uint8Array.of(1, 2) })
const many = Array.from({ length: 129 }, (_, id) => field(id))
const tagged = mintGpuReport({ shape: 'hopper-r620' })

/** The length of the opaque data, and the data. */
const LENGTH = 3597
const OPAQUE = 3599

const cases: readonly [Status, offset: number, Uint8Array][] = [
  [Status.NvidiaLength, 0, new Uint8Array()],
  [Status.NvidiaLength, 44, report.subarray(0, 44)],
  [Status.NvidiaLength, OPAQUE - 1, report.subarray(0, OPAQUE - 1)],
  [Status.NvidiaLength, report.length - 1, report.subarray(0, -1)],
  [Status.NvidiaLength, report.length, at(LENGTH, 0xff, 0xff)],
  [Status.NvidiaRequest, 36, at(36, 1)],
  [Status.NvidiaResponse, 40, at(40, 1)],
  [Status.NvidiaBlockCount, 41, at(41, 32)],
  [Status.NvidiaRecordLength, 42, at(41, 31)],
  [Status.NvidiaBlock, 45 + 63 * 55, at(45 + 63 * 55, 63)],
  [Status.NvidiaOpaqueEmpty, LENGTH, at(LENGTH, 0, 0)],
  [Status.NvidiaOpaque, OPAQUE, at(OPAQUE + 2, 0xff, 0xff)],
  [Status.NvidiaOpaque, OPAQUE, at(LENGTH, 3, 0)],
  [Status.NvidiaOpaqueDuplicate, OPAQUE + 6, mintGpuReport({ fields: [field(7), field(7)] })],
  [Status.NvidiaTooManyFields, OPAQUE + 128 * 6, mintGpuReport({ fields: many })],
  [Status.NvidiaOpaqueHeader, OPAQUE + 6, changed(tagged, (copy) => copy.set([1], OPAQUE + 6))],
  [Status.NvidiaOpaqueHeader, OPAQUE + 8, changed(tagged, (copy) => copy.set([1], OPAQUE + 8))],
  [Status.NvidiaOpaqueHeader, OPAQUE + 10, changed(tagged, (copy) => copy.set([1], OPAQUE + 11))],
]

t.test('core: every status of a report, and the offset that goes with it', async (t) => {
  for (const [status, offset, bytes] of cases) {
    t.same(checked(bytes), [status, offset], Status[status])
  }
})

t.test('core: all of them are here', async (t) => {
  const names = Object.values(Status).filter((name) => String(name).startsWith('Nvidia'))
  const provoked = new Set(cases.map(([status]) => Status[status]))
  t.same([...provoked].sort(), names.sort())
})

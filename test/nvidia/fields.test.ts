// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { parseGpuReport } from '../../src/index.js'
import { type FakeField, mintGpuReport, pattern } from '../fake/nvidia.js'
import { changed, hex, throwsCode } from '../helpers.js'

const field = (id: number, value: ArrayLike<number>): FakeField => ({
  id,
  value: Uint8Array.from(value),
})
const ascii = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'latin1'))

t.test('fields: what a report does not have is null', async (t) => {
  const data = parseGpuReport(mintGpuReport({ fields: [field(0x1234, [1])] })).opaqueData
  t.ok(Object.keys(data).length > 20)
  t.same([...new Set(Object.values(data))], [null])
})

t.test('fields: a Hopper report', async (t) => {
  const data = parseGpuReport(mintGpuReport()).opaqueData
  t.match(data, {
    driverVersion: '580.95.05',
    vbiosVersion: '96.00.9F.00.01',
    nvdec0Status: 'disabled',
    chipSku: '882',
    chipSkuMod: '0',
    project: '1010',
    projectSku: '0200',
    projectSkuMod: '0',
    protectedPcieStatus: 'disabled',
    opaqueDataVersion: 1,
    chipInfo: null,
    featureFlag: 'spt',
  })
  t.equal(hex(data.gpuInfo as Uint8Array), '8001000000000000')
  t.equal(hex(data.cprinfo as Uint8Array), '00c00100')
  t.equal(hex(data.boardId as Uint8Array), '38040000')
  t.equal(hex(data.fwid as Uint8Array), hex(pattern(48, 201)))
  t.same(
    data.msrscnt,
    Array.from({ length: 64 }, (_, i) => i % 7),
  )
})

t.test('fields: a Blackwell report', async (t) => {
  const data = parseGpuReport(mintGpuReport({ shape: 'blackwell' })).opaqueData
  t.match(data, {
    vbiosVersion: '97.00.E4.00.11',
    protectedPcieStatus: null,
    chipInfo: 'GB100',
    featureFlag: 'mpt',
  })
  t.equal(hex(data.sysEnableStatus as Uint8Array), '0707')
})

t.test('fields: a report with an opaque data header', async (t) => {
  const report = parseGpuReport(mintGpuReport({ shape: 'hopper-r620' }))
  t.match(report.opaqueData, { driverVersion: '620.12', opaqueDataVersion: 2, fspUcodeMinSvn: 0 })
  t.match(report.opaqueFields[0], { id: 6, name: 'VBIOS_VERSION', valueType: 0x86 })
  t.equal(parseGpuReport(mintGpuReport()).opaqueFields[0]?.valueType, null)
})

t.test('fields: a switch report', async (t) => {
  const report = parseGpuReport(mintGpuReport({ shape: 'switch' }))
  const data = report.opaqueData
  t.match(data, { vbiosVersion: '96.10.55.00.01', positionId: 2, switchPdis: null })
  t.equal(data.msrscnt?.length, 27)
  t.equal(hex(data.devicePdi as Uint8Array), hex(pattern(8, 401)))
  t.equal(hex(data.floorsweptPorts as Uint8Array), 'ec00')
  t.equal(hex(data.lockSwitchStatus as Uint8Array), '0100')
  t.same(
    data.switchGpuPdis?.map(hex),
    Array.from({ length: 8 }, (_, i) => hex(pattern(8, 301 + i))),
  )
  t.equal(
    hex(data.switchPorts as Uint8Array),
    'ff'.repeat(32) + '04050607'.replace(/../g, '$&'.repeat(8)),
  )
  t.match(report.opaqueFields[1], { id: 22, name: 'DEVICE_PDI' })
})

t.test('fields: in their order, with their place in the report', async (t) => {
  for (const shape of ['hopper', 'hopper-r620', 'switch'] as const) {
    const report = parseGpuReport(mintGpuReport({ shape }))
    for (const { at, value } of report.opaqueFields) {
      t.equal(hex(report.bytes.slice(at, at + value.length)), hex(value))
    }
    t.equal(report.opaqueFields[0]?.id, 6)
  }
})

t.test('fields: types without a name are kept', async (t) => {
  const fields = [field(0, []), field(28, [1, 2]), field(0xffff, [3]), field(255, [])]
  const report = parseGpuReport(mintGpuReport({ fields }))
  t.same(
    report.opaqueFields.map(({ id, name, value }) => [id, name, hex(value)]),
    [
      [0, null, ''],
      [28, null, '0102'],
      [0xffff, null, '03'],
      [255, 'INVALID', ''],
    ],
  )
})

t.test('fields: a type that stands twice is refused', async (t) => {
  const filler = Array.from({ length: 20 }, (_, i) => field(1000 + i, [i]))
  for (const fields of [
    [field(3, [0]), field(3, [0])],
    [field(3, [0]), ...filler, field(3, ascii('1\0'))],
    [field(5000, []), ...filler, field(5000, [])],
  ]) {
    for (const shape of ['hopper', 'hopper-r620'] as const) {
      throwsCode(t, () => parseGpuReport(mintGpuReport({ shape, fields })), 'ERR_NVIDIA_OPAQUE')
    }
  }
})

t.test('fields: 128 are read, 129 refused', async (t) => {
  const fields = Array.from({ length: 129 }, (_, i) => field(1000 + i, []))
  t.equal(parseGpuReport(mintGpuReport({ fields: fields.slice(1) })).opaqueFields.length, 128)
  throwsCode(t, () => parseGpuReport(mintGpuReport({ fields })), 'ERR_NVIDIA_OPAQUE')
})

t.test('fields: the opaque data header has one form', async (t) => {
  const bytes = mintGpuReport({ shape: 'hopper-r620' })
  const header = 45 + 3520 + 34
  for (const at of [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11]) {
    const wrong = changed(bytes, (copy) => copy.fill(0x55, header + at, header + at + 1))
    throwsCode(t, () => parseGpuReport(wrong), 'ERR_NVIDIA_OPAQUE', `byte ${at}`)
  }
  const minor = changed(bytes, (copy) => copy.fill(0x55, header + 9, header + 10))
  t.equal(parseGpuReport(minor).opaqueData.opaqueDataVersion, 2, 'any minor version')
  const alone = parseGpuReport(mintGpuReport({ shape: 'hopper-r620', fields: [] }))
  t.same(alone.opaqueFields, [], 'a header alone is not empty')

  // Cut short, the header is none, whatever the signature behind it begins with.
  const whole = Uint8Array.from([...alone.bytes, ...new Uint8Array(12)])
  for (let length = 1; length < 12; length++) {
    const short = changed(whole, (copy) => copy.set([length], header - 2))
    throwsCode(t, () => parseGpuReport(short), 'ERR_NVIDIA_OPAQUE', `${length} bytes`)
  }
})

t.test('fields: under a header, field 34 is not the version', async (t) => {
  for (const value of [
    [0, 2],
    [9, 9, 9],
  ]) {
    const bytes = mintGpuReport({ shape: 'hopper-r620', fields: [field(34, value)] })
    t.equal(parseGpuReport(bytes).opaqueData.opaqueDataVersion, 2)
  }
})

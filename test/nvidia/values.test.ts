// SPDX-License-Identifier: Apache-2.0
import t, { type Test } from 'tap'
import { type OpaqueData, parseGpuReport } from '../../src/index.js'
import { type FakeGpuReport, mintGpuReport, pattern } from '../fake/nvidia.js'
import { changed, hex, throwsCode } from '../helpers.js'

type Shape = NonNullable<FakeGpuReport['shape']>

const ascii = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'latin1'))

/** What the report with this one field says of it. */
function decoded(id: number, value: ArrayLike<number>, shape: Shape = 'hopper'): OpaqueData {
  return parseGpuReport(mintGpuReport({ shape, fields: [{ id, value: Uint8Array.from(value) }] }))
    .opaqueData
}

function refused(t: Test, id: number, value: ArrayLike<number>, shape?: Shape): void {
  const title = `field ${id}, ${value.length} bytes`
  const message = throwsCode(t, () => decoded(id, value, shape), 'ERR_NVIDIA_OPAQUE', title)
  t.match(message, new RegExp(`opaque field ${id} \\([A-Z0-9_]+\\) .*offset 0x`), title)
}

t.test('values: of the wrong length are refused', async (t) => {
  const lengths: [id: number, length: number, shape?: Shape][] = [
    [4, 8],
    [6, 8],
    [11, 1],
    [12, 256],
    [13, 4],
    [14, 4],
    [20, 48],
    [21, 1],
    [22, 144],
    [22, 8, 'switch'],
    [23, 2, 'switch'],
    [24, 2, 'switch'],
    [25, 2, 'switch'],
    [26, 128, 'switch'],
    [33, 2],
    [34, 2],
    [36, 2],
    [37, 2],
  ]
  for (const [id, length, shape] of lengths) {
    for (const wrong of [0, length - 1, length + 1, length + 4, 300]) {
      refused(t, id, new Uint8Array(wrong), shape)
    }
  }
})

t.test('values: texts are printable ASCII with a NUL behind', async (t) => {
  const texts = { driverVersion: 3, chipSku: 15, chipSkuMod: 16, project: 17, projectSku: 18 }
  for (const [name, id] of Object.entries({ ...texts, projectSkuMod: 19, chipInfo: 35 })) {
    const read = (value: string) => decoded(id, ascii(value))[name as keyof OpaqueData]
    t.equal(read('\0'), '')
    t.equal(read(' 5~\0\0\0'), ' 5~')
    t.equal(read(`${'x'.repeat(79)}\0`), 'x'.repeat(79))
    const wrong = ['', 'x', 'x\0y', '\0x\0', '\x1f\0', '\x7f\0', '\x80\0', '\xe9\0', 'a\nb\0']
    for (const value of [...wrong, `${'x'.repeat(80)}\0`]) refused(t, id, ascii(value))
  }
})

t.test('values: a VBIOS version is five bytes', async (t) => {
  t.equal(decoded(6, [1, 2, 3, 4, 0xff, 0, 0, 0]).vbiosVersion, '04.03.02.01.FF')
  for (const at of [5, 6, 7]) {
    refused(
      t,
      6,
      changed(new Uint8Array(8), (copy) => copy.fill(1, at, at + 1)),
    )
  }
  for (const value of ['96.10.55.00', '96.10.55.00.0a', '96.10.55.00.01\0', '../../../x', '\xe9']) {
    refused(t, 6, ascii(value), 'switch')
  }
  refused(t, 6, ascii('9'.repeat(81)), 'switch')
})

t.test('values: statuses and flags have known values only', async (t) => {
  t.equal(decoded(11, [0xaa]).nvdec0Status, 'enabled')
  t.equal(decoded(11, [0x55]).nvdec0Status, 'disabled')
  t.equal(decoded(21, [0xaa]).protectedPcieStatus, 'enabled')
  for (let value = 0; value < 256; value++) {
    if (value === 0xaa || value === 0x55) continue
    refused(t, 11, [value])
    refused(t, 21, [value])
  }
  t.same(
    [0, 1, 2].map((flag) => decoded(36, [flag, 0]).featureFlag),
    ['spt', 'mpt', 'ppcie'],
  )
  refused(t, 36, [3, 0])
  refused(t, 36, [0, 1])
  t.same(
    [0, 1].map((version) => decoded(34, [version, 0]).opaqueDataVersion),
    [0, 1],
  )
  refused(t, 34, [2, 0])
  refused(t, 34, [0, 1])
})

t.test('values: a GPU counts every measurement, a switch its first ones', async (t) => {
  const counter = changed(new Uint8Array(256), (copy) => copy.fill(0xff, 252))
  t.equal(decoded(12, counter).msrscnt?.at(-1), 0xffffffff)
  refused(t, 12, new Uint8Array(252))
  t.same(decoded(12, [], 'switch').msrscnt, [])
  t.equal(decoded(12, new Uint8Array(4 * 31), 'switch').msrscnt?.length, 31)
  refused(t, 12, new Uint8Array(4 * 32), 'switch')
  refused(t, 12, new Uint8Array(27), 'switch')
})

t.test('values: a GPU names the switches behind its links', async (t) => {
  const value = pattern(144, 3)
  const pdis = decoded(22, value).switchPdis
  t.equal(pdis?.length, 18)
  t.equal(pdis?.map(hex).join(''), hex(value))
})

t.test('values: numbers are little-endian', async (t) => {
  t.equal(decoded(24, [0x34, 0x12], 'switch').positionId, 0x1234)
  t.equal(decoded(37, [0xff, 0x80]).fspUcodeMinSvn, 0x80ff)
})

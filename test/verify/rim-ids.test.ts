// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { driverRim, driverRimId, vbiosRim, vbiosRimId } from '../../src/verify/rim-ids.js'
import { throwsCode } from '../helpers.js'
import { manifest, skip } from '../vectors.js'
import { fakeDevice, realDevice } from './rim-device.js'

t.test('RIM ids: named by chip, board and version', async (t) => {
  const hopper = fakeDevice()
  t.equal(driverRimId(hopper), 'NV_GPU_DRIVER_GH100_580.95.05')
  t.equal(vbiosRimId(hopper), 'NV_GPU_VBIOS_1010_0200_882_96009F0001')
  const blackwell = fakeDevice({ shape: 'blackwell' })
  t.equal(driverRimId(blackwell), 'NV_GPU_CC_DRIVER_GB100_590.48.01')
  t.equal(vbiosRimId(blackwell), 'NV_GPU_VBIOS_G525_0200_886_9700E40011')
  const nvswitch = fakeDevice({ shape: 'switch' })
  t.equal(driverRimId(nvswitch), null)
  t.equal(vbiosRimId(nvswitch), 'NV_SWITCH_BIOS_5612_0002_890_9610550001')
})

t.test('RIM ids: what the document has to be for', async (t) => {
  t.match(driverRim(fakeDevice()), { kind: 'driver', products: ['GH100'], version: '580.95.05' })
  t.equal(driverRim(fakeDevice())?.what, 'driver 580.95.05 of GH100')
  t.same(vbiosRim(fakeDevice({ shape: 'blackwell' })).products, ['GB100'])
  const bios = vbiosRim(fakeDevice({ shape: 'switch' }))
  t.match(bios, { kind: 'vbios', products: ['LS10'], version: '96.10.55.00.01' })
  t.equal(bios.what, 'BIOS 96.10.55.00.01 of LS10')
})

t.test(
  'RIM ids: a chip that goes by two names, and one that the report does not name',
  async (t) => {
    const device = fakeDevice({ shape: 'blackwell' })
    const { report } = device
    const named = (chipInfo: string | null) => ({
      ...device,
      chip: 'GB202',
      report: { opaqueData: { ...report.opaqueData, chipInfo } },
    })
    t.equal(driverRimId(named('GB20X')), 'NV_GPU_CC_DRIVER_GB20X_590.48.01')
    t.same(driverRim(named('GB20X'))?.products, ['GB202', 'GB20X'])
    t.equal(driverRimId(named(null)), 'NV_GPU_CC_DRIVER_GB100_590.48.01')
    t.same(driverRim(named(null))?.products, ['GB202'])
  },
)

t.test('RIM ids: a report that does not say, or says what no id holds', async (t) => {
  const device = fakeDevice()
  throwsCode(t, () => driverRimId({ ...device, driverVersion: null }), 'ERR_FIELD_ABSENT')
  for (const field of ['project', 'projectSku', 'chipSku']) {
    const opaqueData = { ...device.report.opaqueData, [field]: null }
    throwsCode(
      t,
      () => vbiosRimId({ ...device, report: { opaqueData } }),
      'ERR_FIELD_ABSENT',
      field,
    )
  }
  for (const driverVersion of ['../1', '1 2', '1?a=b', 'a'.repeat(200), '1%2f', '1\n']) {
    const odd = { ...device, driverVersion: `5${driverVersion}` }
    throwsCode(t, () => driverRimId(odd), 'ERR_NVIDIA_OPAQUE')
  }
})

t.test('RIM ids: of real devices', { skip }, async (t) => {
  const vector = 'b200-590.48.01'
  const { required_rim_ids: ids } = manifest<{ required_rim_ids: string[] }>('nvidia', vector)
  const device = realDevice(vector)
  t.same([driverRimId(device), vbiosRimId(device)], ids)
  const hopper = realDevice('h100-550.90.07-complete')
  t.equal(driverRimId(hopper), 'NV_GPU_DRIVER_GH100_550.90.07')
  t.equal(vbiosRimId(hopper), 'NV_GPU_VBIOS_1010_0200_882_96009F0001')
  const nvswitch = realDevice('ls10-switch-bios-96.10.55.00.01')
  t.equal(vbiosRimId(nvswitch), 'NV_SWITCH_BIOS_5612_0002_890_9610550001')
})

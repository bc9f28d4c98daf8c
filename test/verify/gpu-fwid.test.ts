// SPDX-License-Identifier: Apache-2.0

import t, { type Test } from 'tap'
import { checkFwid, readFirmware } from '../../src/verify/gpu-fwid.js'
import type { Problem } from '../../src/verify/result.js'
import { sequence, text, tlv } from '../fake/der.js'
import { pattern } from '../fake/nvidia.js'
import {
  type Bytes,
  type DeviceKnobs,
  extensionOf,
  mintDevice,
  setExtension,
} from '../fake/nvidia-device.js'
import { hex, throwsCode } from '../helpers.js'
import { ALL_PASS, appraise, outcomes } from './devices.js'

const COMPOSITE = '2.23.133.5.4.1'
const TCB_INFO = '2.23.133.5.4.1.1'
const CODE = 'ERR_NVIDIA_FWID'
const SHA_384 = tlv(6, '608648016503040202')

const fwid = (length = 48, seed = 201) => sequence(SHA_384, tlv(4, pattern(length, seed)))
const read = (...extensions: [string, Uint8Array][]) =>
  readFirmware(new Map(extensions as [string, Bytes][]))
const refused = (t: Test, title: string, ...extensions: [string, Uint8Array][]) =>
  throwsCode(t, () => read(...extensions), CODE, title)

t.test('gpu fwid: from either form, and which key it is bound to', async (t) => {
  const [hopper, blackwell] = [await mintDevice(), await mintDevice({ shape: 'blackwell' })]
  const [first, second] = [hopper, blackwell].map(({ certificates: [leaf] }) =>
    readFirmware(leaf?.extensions ?? new Map()),
  )
  for (const firmware of [first, second])
    t.equal(hex(firmware?.fwid ?? new Uint8Array()), hex(pattern(48, 201)))
  t.same(first?.deviceKey, hopper.certificates[1]?.spki)
  t.equal(second?.deviceKey, null)
  t.notOk(first?.insecure || second?.insecure)
})

t.test(
  'gpu fwid: the first form counts by its end, and its key where all of it is sound',
  async (t) => {
    const spki = sequence(sequence(SHA_384), tlv(3, '00aa'))
    const whole = sequence(tlv(2, '01'), spki, fwid())
    t.same(read([COMPOSITE, whole]).deviceKey, spki)
    for (const other of [
      fwid(),
      sequence(tlv(2, '01'), fwid()),
      sequence(tlv(2, '01'), spki, fwid(), fwid()),
    ]) {
      const firmware = read([COMPOSITE, other])
      t.equal(firmware.deviceKey, null)
      t.same(firmware.fwid, pattern(48, 201))
    }
    refused(t, 'too short', [COMPOSITE, fwid(47)])
    refused(t, 'too long', [COMPOSITE, fwid(49)])
    refused(t, 'nothing', [COMPOSITE, new Uint8Array(0)])
    refused(t, 'another type', [COMPOSITE, sequence(SHA_384, tlv(3, pattern(48, 201)))])
  },
)

t.test('gpu fwid: exactly one form', async (t) => {
  refused(t, 'none')
  refused(t, 'both', [COMPOSITE, fwid()], [TCB_INFO, sequence(tlv(0xa6, fwid()))])
})

t.test('gpu fwid: DiceTcbInfo, of which the first layer holds the key', async (t) => {
  const info = (...members: Uint8Array[]): [string, Uint8Array] => [TCB_INFO, sequence(...members)]
  const layers = tlv(0xa6, fwid(), fwid(48, 7))
  const flags = (bits: string) => tlv(0x87, bits)
  t.same(read(info(text(0x80, 'NVIDIA'), layers, flags('0080000001'), tlv(0x89, '00'))), {
    fwid: pattern(48, 201),
    deviceKey: null,
    insecure: false,
  })
  t.equal(read(info(layers)).insecure, false, 'without flags')
  for (const bits of ['0440', '0420', '0410', '00c0000001', '']) {
    t.equal(read(info(layers, flags(bits))).insecure, true, bits)
  }
  refused(t, 'no layers', info(text(0x80, 'NVIDIA')))
  refused(t, 'an empty list', info(tlv(0xa6)))
  refused(t, 'a layer of another length', info(tlv(0xa6, fwid(), fwid(32))))
  refused(t, 'more in a layer', info(tlv(0xa6, sequence(SHA_384, tlv(4, pattern(48, 1)), tlv(5)))))
  refused(t, 'out of order', info(layers, text(0x80, 'NVIDIA')))
  refused(t, 'twice', info(layers, layers))
  refused(t, 'something behind', [TCB_INFO, Uint8Array.of(...sequence(layers), 0)])
  refused(t, 'nothing', [TCB_INFO, new Uint8Array(0)])
})

t.test('gpu fwid: report and certificate have to name the same', async (t) => {
  const firmware = { fwid: pattern(48, 1), deviceKey: null, insecure: false }
  const report = { kind: 'gpu', driverVersion: '580.95.05' } as const
  const code = (reported: Bytes | null, of: typeof firmware | Problem = firmware) =>
    checkFwid({ ...report, fwid: reported }, of).code
  t.equal(code(pattern(48, 1)), null)
  t.equal(code(pattern(48, 2)), CODE)
  t.equal(code(pattern(48, 1).slice(1)), CODE)
  t.equal(code(pattern(48, 1), { ...firmware, insecure: true }), CODE)
  t.equal(code(pattern(48, 1), { code: CODE, detail: 'none' }), CODE)
})

t.test('gpu fwid: a report that names none passes only where none ever does', async (t) => {
  const firmware = { fwid: pattern(48, 1), deviceKey: null, insecure: false }
  const of = (kind: 'gpu' | 'switch', driverVersion: string | null) =>
    checkFwid({ kind, driverVersion, fwid: null }, firmware)
  for (const [kind, driver] of [
    ['switch', null],
    ['gpu', '545.00'],
    ['gpu', '535.86.09'],
  ] as const) {
    t.match(of(kind, driver), { outcome: 'pass', detail: /by the certificate alone/ }, `${driver}`)
  }
  for (const driver of ['550.54.15', '580.95.05', 'r545', null]) {
    t.match(of('gpu', driver), { outcome: 'unknown', code: 'ERR_FIELD_ABSENT' }, `${driver}`)
  }
})

t.test('gpu fwid: in the appraisal of a device', async (t) => {
  const other: DeviceKnobs['edit'] = {
    leaf: (tbs) => setExtension(tbs, extensionOf(COMPOSITE, fwid(48, 9))),
  }
  const unreadable: DeviceKnobs['edit'] = {
    leaf: (tbs) => setExtension(tbs, extensionOf(COMPOSITE, tlv(5))),
  }
  for (const edit of [other, unreadable]) {
    const device = await mintDevice({ edit })
    const appraised = await appraise(device.report(), device.pem, { roots: [device.root] })
    t.same(outcomes(appraised), { ...ALL_PASS, fwid: CODE })
    t.equal(appraised.device?.fwid === null, edit === unreadable)
  }
})

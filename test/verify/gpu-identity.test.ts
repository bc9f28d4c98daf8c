// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { checkIdentity, type DeviceNames, readNames } from '../../src/verify/gpu-identity.js'
import type { Certificate } from '../../src/verify/x509.js'
import { sequence, text, tlv } from '../fake/der.js'
import { pattern } from '../fake/nvidia.js'
import {
  alternativeName,
  type Bytes,
  type DeviceKnobs,
  deviceName,
  dropExtension,
  extensionOf,
  type FakeDevice,
  mintDevice,
  setExtension,
} from '../fake/nvidia-device.js'

const SAN = '2.5.29.17'
type Tbs = Parameters<NonNullable<NonNullable<DeviceKnobs['edit']>['leaf']>>[0]

const namesOf = ({ certificates }: FakeDevice): DeviceNames =>
  readNames(certificates as [Certificate, Certificate])
const GPU = { kind: 'gpu', devicePdi: null } as const

/** The code of the finding, or null; as if NVIDIA's root stood above. */
const codeOf = async (knobs: DeviceKnobs, anchor: 'vendor' | 'caller' = 'vendor') =>
  checkIdentity(namesOf(await mintDevice(knobs)), GPU, anchor).code

const named = (san: Uint8Array): DeviceKnobs => ({
  edit: { leaf: (tbs: Tbs) => setExtension(tbs, extensionOf(SAN, san as Bytes)) },
})

t.test('gpu identity: one device by all of its names', async (t) => {
  for (const shape of ['hopper', 'blackwell'] as const)
    t.equal(await codeOf({ shape }), null, shape)
})

t.test('gpu identity: a report of the other kind of device', async (t) => {
  const [gpu, other] = [await mintDevice(), await mintDevice({ shape: 'switch' })].map(namesOf)
  if (!gpu || !other) throw new Error('minted')
  const report = { kind: 'switch', devicePdi: pattern(8, 401) } as const
  t.equal(checkIdentity(other, report, 'vendor').code, null)
  t.equal(checkIdentity(gpu, report, 'vendor').code, 'ERR_NVIDIA_IDENTITY')
  t.equal(checkIdentity(other, GPU, 'vendor').code, 'ERR_NVIDIA_IDENTITY')
})

t.test('gpu identity: a switch names itself in its report', async (t) => {
  const names = namesOf(await mintDevice({ shape: 'switch' }))
  const judge = (devicePdi: Bytes | null, of = names) =>
    checkIdentity(of, { kind: 'switch', devicePdi }, 'caller').code
  t.equal(judge(null), null)
  t.equal(judge(pattern(8, 401).reverse()), 'ERR_NVIDIA_IDENTITY')
  t.equal(judge(pattern(8, 402)), 'ERR_NVIDIA_IDENTITY')
  t.equal(judge(pattern(8, 402), { ...names, pdi: null }), null, 'nothing to compare with')
})

t.test('gpu identity: what contradicts is refused whoever vouches', async (t) => {
  const name = (chip: string) => alternativeName(`NVIDIA:${chip}:48B02D0000000001`)
  const cases: Record<string, DeviceKnobs> = {
    'a device of another chip': {
      edit: {
        device: (tbs) => {
          tbs.subject = deviceName('GB100 A01 GSP BROM')
        },
      },
    },
    'a device that is none': {
      edit: {
        device: (tbs) => {
          tbs.subject = deviceName('GH100 A01 GSP')
        },
      },
    },
    'a name of another chip': named(name('GB100')),
    'a name that is too short': named(alternativeName('NVIDIA:GH100:48B02D')),
    'a name in lower case': named(alternativeName('NVIDIA:GH100:48b02d0000000001')),
    'a name of another kind': named(alternativeName('NVIDIA:GH100:48B02D0000000001', '2a03')),
    'a name in another form': named(sequence(text(0x82, 'NVIDIA:GH100:48B02D0000000001'))),
    'two names': named(
      sequence(
        tlv(0xa0, tlv(6, '2b06010401831c821201'), tlv(0xa0, text(0x0c, 'a'))),
        text(0x82, 'b'),
      ),
    ),
    'another key of the device': {
      edit: {
        leaf: (tbs) => {
          const value = tbs.extensions?.find(({ extnID }) => extnID === '2.23.133.5.4.1')?.extnValue
          const bytes = new Uint8Array(value?.buffer ?? new ArrayBuffer(0))
          bytes[100] = (bytes[100] as number) ^ 1
        },
      },
    },
  }
  for (const [title, knobs] of Object.entries(cases)) {
    for (const anchor of ['vendor', 'caller'] as const) {
      t.equal(await codeOf(knobs, anchor), 'ERR_NVIDIA_IDENTITY', `${title}, ${anchor}`)
    }
  }
})

t.test('gpu identity: what is missing is refused of NVIDIA, and no matter elsewhere', async (t) => {
  const bare = (digest: Bytes) => sequence(tlv(6, '608648016503040202'), tlv(4, digest))
  const serial = (...octets: number[]): DeviceKnobs => ({
    edit: {
      device: (tbs) => {
        tbs.serialNumber = Uint8Array.from(octets).buffer
      },
    },
  })
  const cases: Record<string, DeviceKnobs> = {
    'a serial of a switch': serial(0x50, ...pattern(8, 1)),
    'a serial that is too short': serial(0x41, ...pattern(7, 1)),
    'a serial that is too long': serial(0x41, ...pattern(9, 1)),
    'no name': { edit: { leaf: (tbs) => dropExtension(tbs, SAN) } },
    'no key of the device': {
      edit: {
        leaf: (tbs) => setExtension(tbs, extensionOf('2.23.133.5.4.1', bare(pattern(48, 201)))),
      },
    },
    'no firmware at all': { edit: { leaf: (tbs) => dropExtension(tbs, '2.23.133.5.4.1') } },
  }
  for (const [title, knobs] of Object.entries(cases)) {
    t.equal(await codeOf(knobs), 'ERR_NVIDIA_IDENTITY', title)
    t.equal(await codeOf(knobs, 'caller'), null, title)
    const names = namesOf(await mintDevice(knobs))
    t.equal(checkIdentity(names, GPU, 'none').code, 'ERR_NVIDIA_IDENTITY', title)
    t.equal(names.pdi === null, title.startsWith('a serial'), title)
  }
})

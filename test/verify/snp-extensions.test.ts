// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { vekExtensions } from '../../src/verify/snp-extensions.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { amdOid, type Knobs, mintAmd, setExtension } from '../fake/amd.js'
import { throwsCode } from '../helpers.js'
import { skip, vectorBytes } from '../vectors.js'

const FORMAT = 'ERR_CERTIFICATE_FORMAT'
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))

async function mint(change: Record<string, string | null>, knobs: Knobs = {}) {
  const { vek } = await mintAmd({
    ...knobs,
    vek: (tbs) => {
      for (const [id, value] of Object.entries(change)) {
        setExtension(tbs, amdOid(id), value === null ? null : bytes(value))
      }
    },
  })
  return parseCertificate(vek)
}

t.test('extensions: of each product and kind', async (t) => {
  const chip = new Uint8Array(64).fill(0xc1)
  const milan = { fmc: null, bootLoader: 4, tee: 0, snp: 0x18, microcode: 0xdb }
  const turin = { fmc: 1, bootLoader: 1, tee: 1, snp: 4, microcode: 0x51 }
  const of = async (knobs: Knobs) => vekExtensions(await mint({}, knobs))
  t.same(await of({}), { productName: 'Milan', tcb: milan, hwId: chip, cspId: null })
  t.same(await of({ product: 'Turin' }), {
    productName: 'Turin',
    tcb: turin,
    hwId: chip.slice(0, 8),
    cspId: null,
  })
  t.match(await of({ product: 'Genoa', kind: 'vlek' }), {
    productName: 'Genoa',
    hwId: null,
    cspId: 'CN=cc-test-1.example',
  })
})

t.test('extensions: real ones', { skip }, async (t) => {
  const of = (name: string, file: string) =>
    vekExtensions(parseCertificate(new Uint8Array(vectorBytes('snp', name, file))))
  t.match(of('milan-v2-vlek-cosmian', 'vlek.der'), {
    productName: 'Milan',
    tcb: { fmc: null, bootLoader: 3, tee: 0, snp: 10, microcode: 115 },
    cspId: 'CN=cc-eu-west-1.amazonaws.com',
  })
  t.match(of('cert-turin-vcek-virtee', 'vcek.der').tcb, { fmc: 0, bootLoader: 0, tee: 0, snp: 0 })
  const wrapped = of('milan-v2-vcek-trustee-fake-new', 'vcek.der').hwId
  t.equal(wrapped?.length, 64, 'hwID in an OCTET STRING')
})

t.test('extensions: found by OID, in any order', async (t) => {
  const { vek } = await mintAmd({ vek: (tbs) => void tbs.extensions?.reverse() })
  const plain = await mint({})
  t.same(vekExtensions(parseCertificate(vek)), vekExtensions(plain))
})

t.test('extensions: a security patch level is one DER INTEGER of 0 to 255', async (t) => {
  for (const [der, value] of [
    ['020100', 0],
    ['02017f', 127],
    ['02020080', 128],
    ['020200ff', 255],
  ] as const) {
    t.equal(vekExtensions(await mint({ '3.8': der })).tcb?.microcode, value, der)
  }
  const bad = ['', '02', '0201', '0200', '0202007f', '020180', '02020100', '0203000100', '0201ff']
  for (const der of [...bad, '040101', '02010000', '0282000101', '8201']) {
    const certificate = await mint({ '3.3': der })
    throwsCode(t, () => vekExtensions(certificate), FORMAT, `"${der}"`)
  }
})

t.test('extensions: a missing level is a missing TCB', async (t) => {
  for (const id of ['3.1', '3.2', '3.3', '3.8']) {
    t.equal(vekExtensions(await mint({ [id]: null })).tcb, null, id)
  }
  const withoutFmc = await mint({ '3.9': null }, { product: 'Turin' })
  t.equal(vekExtensions(withoutFmc).tcb?.fmc, null, 'of a product without FMC')
})

t.test('extensions: reserved levels are zero where they are', async (t) => {
  for (const id of ['3.4', '3.5', '3.6', '3.7']) {
    const set = await mint({ [id]: '020101' })
    throwsCode(t, () => vekExtensions(set), FORMAT, id)
    t.ok(vekExtensions(await mint({ [id]: null })).tcb, `${id} absent`)
  }
})

t.test('extensions: structVersion is 0 or 1', async (t) => {
  for (const value of [null, '020102', '0101ff']) {
    const certificate = await mint({ '1': value })
    throwsCode(t, () => vekExtensions(certificate), FORMAT, `${value}`)
  }
})

t.test('extensions: names are printable IA5Strings', async (t) => {
  const text = (value: string) => Buffer.from(value, 'latin1').toString('hex')
  const names: Record<string, string> = {
    Milan: `1605${text('Milan')}`,
    'Milan-B0': `1608${text('Milan-B0')}`,
    'Milan-B0-x': `160a${text('Milan-B0-x')}`,
  }
  for (const [name, der] of Object.entries(names)) {
    t.equal(vekExtensions(await mint({ '2': der })).productName, 'Milan', name)
  }
  t.equal(vekExtensions(await mint({ '2': null })).productName, null)
  const bad = [
    '',
    '16',
    '1600',
    `1606${text('Milan')}`,
    `0c05${text('Milan')}`,
    '16021b5b',
    '160180',
  ]
  // More than an engine takes as arguments of one call.
  const endless = `1683030d40${text('a'.repeat(200_000))}`
  const long = [`16817f${text('a'.repeat(127))}`, `1680${text('a'.repeat(128))}`, endless]
  for (const id of ['2', '5']) {
    for (const der of [...bad, ...long]) {
      const certificate = await mint({ [id]: der })
      throwsCode(t, () => vekExtensions(certificate), FORMAT, `${id}: "${der.slice(0, 40)}"`)
    }
  }
})

t.test('extensions: the length of a hwID decides how it is encoded', async (t) => {
  const raw = `0440${'ab'.repeat(62)}`
  const of = async (der: string) => vekExtensions(await mint({ '4': der })).hwId
  t.same(await of(raw), bytes(raw), '64 bytes that start like an OCTET STRING')
  t.same(await of(`0440${'cd'.repeat(64)}`), bytes('cd'.repeat(64)), 'wrapped 64')
  t.same(await of(`0206${'cd'.repeat(6)}`), bytes(`0206${'cd'.repeat(6)}`), '8 raw bytes')
  t.same(await of(`0408${'cd'.repeat(8)}`), bytes('cd'.repeat(8)), 'wrapped 8')
  const bad = ['', 'ab', 'ab'.repeat(63), 'ab'.repeat(65), 'ab'.repeat(66), 'ab'.repeat(10)]
  for (const der of [...bad, `043f${'ab'.repeat(64)}`, `0340${'ab'.repeat(64)}`]) {
    const certificate = await mint({ '4': der })
    throwsCode(t, () => vekExtensions(certificate), FORMAT, `"${der}"`)
  }
})

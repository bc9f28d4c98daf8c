// SPDX-License-Identifier: Apache-2.0
// Products by processor, and TCB_VERSION in both byte orders.

import t from 'tap'
import { decodeTcb, type Product, productOf, type Tcb, tcbAtLeast } from '../../src/index.js'
import { codeOf, throwsCode } from '../helpers.js'

const PRODUCTS: readonly Product[] = ['Milan', 'Genoa', 'Turin']

t.test('productOf: the whole table of families and models', async (t) => {
  const expected = (family: number, model: number): Product | null => {
    if (family === 0x19 && model <= 0x0f) return 'Milan'
    if (family === 0x19 && model >= 0x10 && model <= 0x1f) return 'Genoa'
    if (family === 0x19 && model >= 0xa0 && model <= 0xaf) return 'Genoa'
    return family === 0x1a && model <= 0x11 ? 'Turin' : null
  }
  for (let family = 0; family < 0x100; family++) {
    for (let model = 0; model < 0x100; model++) {
      if (productOf({ family, model }) !== expected(family, model)) t.fail(`${family}/${model}`)
    }
  }
  t.equal(productOf({ family: 0x19, model: 0xaf }), 'Genoa', 'ranges are inclusive')
  t.equal(productOf({ family: 0x1a, model: 0x50 }), null, 'Venice has no public root')
})

t.test('decodeTcb: Milan and Genoa', async (t) => {
  const raw = Uint8Array.of(1, 2, 0, 0, 0, 0, 7, 0xdb)
  const tcb = { fmc: null, bootLoader: 1, tee: 2, snp: 7, microcode: 0xdb }
  t.strictSame(decodeTcb(raw, 'Milan'), tcb)
  t.strictSame(decodeTcb(raw, 'Genoa'), tcb)
})

t.test('decodeTcb: Turin', async (t) => {
  const tcb = { fmc: 1, bootLoader: 2, tee: 3, snp: 4, microcode: 0xdb }
  t.strictSame(decodeTcb(Uint8Array.of(1, 2, 3, 4, 0, 0, 0, 0xdb), 'Turin'), tcb)
})

t.test('decodeTcb: bytes that the product does not have must be zero, at any value', async (t) => {
  const reserved = { Milan: [2, 3, 4, 5], Genoa: [2, 3, 4, 5], Turin: [4, 5, 6] }
  for (const product of PRODUCTS) {
    for (const at of reserved[product]) {
      for (let byte = 1; byte <= 0xff; byte++) {
        const raw = new Uint8Array(8)
        raw[at] = byte
        if (codeOf(() => decodeTcb(raw, product)) !== 'ERR_SNP_TCB') t.fail(`${product} ${at}`)
      }
    }
    t.equal(
      codeOf(() => decodeTcb(new Uint8Array(8).fill(1, 7), product)),
      null,
      product,
    )
  }
})

t.test('decodeTcb: one generation read as the other is refused', async (t) => {
  const milan = Uint8Array.of(4, 0, 0, 0, 0, 0, 0x18, 0xdb)
  const turin = Uint8Array.of(1, 1, 1, 4, 0, 0, 0, 0x51)
  throwsCode(t, () => decodeTcb(milan, 'Turin'), 'ERR_SNP_TCB')
  throwsCode(t, () => decodeTcb(turin, 'Milan'), 'ERR_SNP_TCB')
})

t.test('decodeTcb: exactly eight bytes', async (t) => {
  for (const length of [0, 7, 9, 16]) {
    throwsCode(t, () => decodeTcb(new Uint8Array(length), 'Milan'), 'ERR_SNP_TCB')
  }
})

t.test('decodeTcb: no product, no byte order', async (t) => {
  for (const product of [null, undefined, 'Venice', 'constructor']) {
    throwsCode(t, () => decodeTcb(new Uint8Array(8), product as Product), 'ERR_SNP_PRODUCT')
  }
})

const MILAN: Tcb = { fmc: null, bootLoader: 5, tee: 5, snp: 5, microcode: 5 }
const TURIN: Tcb = { ...MILAN, fmc: 5 }

t.test('tcbAtLeast: component by component', async (t) => {
  for (const tcb of [MILAN, TURIN]) {
    t.ok(tcbAtLeast(tcb, tcb), 'equal is enough')
    for (const [name, value] of Object.entries(tcb)) {
      if (value === null) continue
      t.ok(tcbAtLeast({ ...tcb, [name]: 6 }, tcb), `${name} higher`)
      t.notOk(tcbAtLeast({ ...tcb, [name]: 4 }, tcb), `${name} lower`)
    }
    t.notOk(tcbAtLeast({ ...tcb, microcode: 255, snp: 4 }, tcb), 'nothing makes up for another')
  }
})

t.test('tcbAtLeast: generations do not compare', async (t) => {
  t.notOk(tcbAtLeast(TURIN, MILAN))
  t.notOk(tcbAtLeast(MILAN, { ...TURIN, fmc: 0 }))
})

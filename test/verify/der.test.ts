// SPDX-License-Identifier: Apache-2.0
// Elements of DER, one after the other, in their one encoding.

import fc from 'fast-check'
import t from 'tap'
import { DerReader, exactly, INTEGER, OCTET_STRING, SEQUENCE } from '../../src/verify/der.js'
import { throwsCode } from '../helpers.js'

const FORMAT = 'ERR_CERTIFICATE_FORMAT'
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

t.test('der: elements in turn, inside others, and as they are encoded', async (t) => {
  const reader = new DerReader(bytes('30 07 020105 04020708 0500'))
  t.equal(reader.tag, SEQUENCE)
  const inner = reader.inside(SEQUENCE)
  t.same(inner.element(INTEGER), bytes('020105'))
  t.same(inner.content(OCTET_STRING), bytes('0708'))
  t.ok(inner.done)
  t.equal(inner.tag, undefined, 'what follows outside is not seen')
  t.doesNotThrow(() => inner.end())
  t.equal(reader.tag, 5)
  throwsCode(t, () => reader.end(), FORMAT)
})

t.test('der: what is returned is a copy', async (t) => {
  const der = bytes('04020708')
  const content = new DerReader(der).content(OCTET_STRING)
  der.fill(0)
  t.same(content, bytes('0708'))
})

t.test('der: exactly one element', async (t) => {
  const read = (reader: DerReader) => reader.content(INTEGER)
  t.same(exactly(bytes('020105'), read), bytes('05'))
  throwsCode(t, () => exactly(bytes('020105 00'), read), FORMAT)
})

t.test('der: another tag, or none', async (t) => {
  for (const hex of ['', '04 01 05', '22 01 05', '82 01 05']) {
    throwsCode(t, () => new DerReader(bytes(hex)).content(INTEGER), FORMAT, hex)
  }
})

t.test('der: a length has one encoding, and fits', async (t) => {
  const element = (head: string, length: number) => {
    const der = new Uint8Array(head.length / 2 + length)
    der.set(bytes(head))
    return new DerReader(der)
  }
  for (const [head, length] of [
    ['0400', 0],
    ['047f', 0x7f],
    ['048180', 0x80],
    ['0481ff', 0xff],
    ['04820100', 0x100],
    ['0482ffff', 0xffff],
    ['0483010000', 0x10000],
  ] as const) {
    t.equal(element(head, length).content(OCTET_STRING).length, length, head)
    if (length > 0) {
      throwsCode(t, () => element(head, length - 1).content(OCTET_STRING), FORMAT, `${head} cut`)
    }
  }
  for (const [head, length] of [
    ['04', 0],
    ['0480', 0],
    ['0480', 2],
    ['048100', 0],
    ['04817f', 0x7f],
    ['0482', 0],
    ['048201', 0],
    ['04820080', 0x80],
    ['048200ff', 0xff],
    ['0483000100', 0x100],
    ['0483ffffff', 0],
    ['048400000001', 1],
    ['048401000000', 0x1000000],
    ['04ff', 0x100],
  ] as const) {
    throwsCode(t, () => element(head, length).content(OCTET_STRING), FORMAT, head)
  }
})

t.test('der: an element never reaches out of the one that holds it', async (t) => {
  const reader = new DerReader(bytes('30 03 0404aa bbccdd'))
  throwsCode(t, () => reader.inside(SEQUENCE).content(OCTET_STRING), FORMAT)
  const header = new DerReader(bytes('30 02 0482 0001'))
  throwsCode(t, () => header.inside(SEQUENCE).content(OCTET_STRING), FORMAT)
})

t.test('der: whatever is encoded is read again', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (content) => {
      const n = content.length
      const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff]
      const der = Uint8Array.of(OCTET_STRING, ...length, ...content)
      t.same(
        exactly(der, (reader) => reader.content(OCTET_STRING)),
        content,
      )
    }),
  )
})

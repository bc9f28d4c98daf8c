// SPDX-License-Identifier: Apache-2.0
// Values of single elements: what they mean, and every encoding that is not theirs.

import t, { type Test } from 'tap'
import { type DerReader, exactly } from '../../src/verify/der.js'
import {
  readBits,
  readEitherTime,
  readFlag,
  readInteger,
  readNamedBits,
  readNumber,
  readOid,
  readText,
  readTime,
} from '../../src/verify/der-values.js'
import { hex, throwsCode } from '../helpers.js'

const FORMAT = 'ERR_CERTIFICATE_FORMAT'
const element = (tag: number, content: Uint8Array) => Uint8Array.of(tag, content.length, ...content)
const bytes = (digits: string) => new Uint8Array(Buffer.from(digits.replaceAll(' ', ''), 'hex'))
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))

/** One type by its good encodings with what they mean, and by bad ones. */
function values<Value>(
  t: Test,
  read: (reader: DerReader) => Value,
  good: Record<string, Value>,
  bad: readonly string[],
) {
  for (const [der, value] of Object.entries(good)) t.same(exactly(bytes(der), read), value, der)
  for (const der of bad) throwsCode(t, () => exactly(bytes(der), read), FORMAT, der)
}

t.test('value: BOOLEAN DEFAULT FALSE', async (t) => {
  values(t, readFlag, { '0101ff': true, '': false }, ['010100', '010101', '0100', '0102ffff'])
})

t.test('value: INTEGER that is not negative', async (t) => {
  const octets = (reader: DerReader) => hex(readInteger(reader))
  values(t, octets, { '020100': '00', '02017f': '7f', '02020080': '0080', '02020100': '0100' }, [
    '0200',
    '020180',
    '0201ff',
    '02020001',
    '0202007f',
    '02030000ff',
    '0202ff80',
    '010101',
  ])
  values(t, readNumber, { '020100': 0, '020200ff': 255, '0206010000000000': 2 ** 40 }, [
    '020701000000000000',
    '020181',
  ])
})

t.test('value: OBJECT IDENTIFIER', async (t) => {
  values(
    t,
    readOid,
    {
      '0603550403': '2.5.4.3',
      '06092b060104019c780101': '1.3.6.1.4.1.3704.1.1',
      '060100': '0.0',
      '060127': '0.39',
      '060128': '1.0',
      '06014f': '1.39',
      '060150': '2.0',
      '06028837': '2.999',
      '06092a8fffffffffffff7f': '1.2.9007199254740991',
      [`0640${'01'.repeat(64)}`]: `0${'.1'.repeat(64)}`,
    },
    [
      '0600',
      '0602558a',
      '060180',
      '06028001',
      '0603558001',
      '060a2a8fffffffffffffff7f',
      '0401 55',
      `0641${'01'.repeat(65)}`,
    ],
  )
})

t.test('value: BIT STRING of whole octets', async (t) => {
  const octets = (reader: DerReader) => hex(readBits(reader))
  values(t, octets, { '0303000102': '0102', '030100': '' }, ['0300', '03020102', '0303ff0102'])
})

t.test('value: BIT STRING of named bits', async (t) => {
  values(
    t,
    readNamedBits,
    {
      '03020106': 0x60,
      '03020204': 0x20,
      // AMD's intermediates: one bit more than DER would write.
      '03020104': 0x20,
      '03020780': 1,
      '030307ff80': 0x1ff,
      '03020001': 0x80,
    },
    ['0300', '030100', '03020860', '03020107', '030207c0', '0304000102 03', '0302ff80'],
  )
})

t.test('value: time', async (t) => {
  const iso = (reader: DerReader) => readTime(reader).toISOString()
  const utc = (text: string) => hex(element(0x17, latin1(text)))
  const general = (text: string) => hex(element(0x18, latin1(text)))
  values(
    t,
    iso,
    {
      [utc('500101000000Z')]: '1950-01-01T00:00:00.000Z',
      [utc('991231235959Z')]: '1999-12-31T23:59:59.000Z',
      [utc('000229120000Z')]: '2000-02-29T12:00:00.000Z',
      [utc('491231235959Z')]: '2049-12-31T23:59:59.000Z',
      [general('20500101000000Z')]: '2050-01-01T00:00:00.000Z',
      [general('99991231235959Z')]: '9999-12-31T23:59:59.000Z',
    },
    [
      utc('230229000000Z'),
      utc('230431000000Z'),
      utc('231301000000Z'),
      utc('230001000000Z'),
      utc('230100000000Z'),
      utc('230132000000Z'),
      utc('230101240000Z'),
      utc('230101006000Z'),
      utc('230101000060Z'),
      utc('2301010000Z'),
      utc('230101000000'),
      utc('230101000000z'),
      utc('230101000000+0000'),
      utc('23010100000 Z'),
      utc('-30101000000Z'),
      utc('20500101000000Z'),
      utc('230101000000Z\n'),
      utc(''),
      general('20491231235959Z'),
      general('500101000000Z'),
      general('20500101000000.0Z'),
      general('20500229000000Z'),
      hex(element(0x16, latin1('230101000000Z'))),
    ],
  )
})

t.test('value: time, where GeneralizedTime may stand for any year', async (t) => {
  const iso = (reader: DerReader) => readEitherTime(reader).toISOString()
  const utc = (text: string) => hex(element(0x17, latin1(text)))
  const general = (text: string) => hex(element(0x18, latin1(text)))
  values(
    t,
    iso,
    {
      [general('20231031000000Z')]: '2023-10-31T00:00:00.000Z',
      [general('20500101000000Z')]: '2050-01-01T00:00:00.000Z',
      [utc('231031000000Z')]: '2023-10-31T00:00:00.000Z',
    },
    [general('231031000000Z'), general('20230229000000Z'), utc('20231031000000Z')],
  )
})

t.test('value: text of a name', async (t) => {
  const utf8 = (text: string) => hex(element(0x0c, new TextEncoder().encode(text)))
  values(
    t,
    readText,
    {
      [utf8('Engineering')]: 'Engineering',
      [utf8('Zürich ✓')]: 'Zürich ✓',
      [utf8('\ufeffBOM')]: '\ufeffBOM',
      [utf8('a\nb')]: 'a\nb',
      [hex(element(0x13, latin1('US')))]: 'US',
      [hex(element(0x16, latin1('a@b')))]: 'a@b',
    },
    [
      utf8(''),
      '0c01ff',
      '0c02c0af',
      '0c03eda080',
      hex(element(0x13, latin1('a@b'))),
      '1300',
      '160180',
      '1600',
      hex(element(0x1e, latin1('\0U\0S'))),
      hex(element(0x14, latin1('US'))),
      '',
    ],
  )
})

// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { exactly } from '../../src/verify/der.js'
import {
  CRL_SIGN,
  KEY_CERT_SIGN,
  readExtensions,
  USE_EXTENSIONS,
  useOf,
} from '../../src/verify/x509-extensions.js'
import { sequence, tlv } from '../fake/der.js'
import { hex, throwsCode } from '../helpers.js'

const FORMAT = 'ERR_CERTIFICATE_FORMAT'
const KEY_USAGE = '0603551d0f'
const CONSTRAINTS = '0603551d13'
const OTHER = '0603551d0e'
const TRUE = '0101ff'
const value = (...parts: readonly (Uint8Array | string)[]) => tlv(0x04, ...parts)
const read = (...list: readonly Uint8Array[]) =>
  exactly(sequence(...list), (reader) => readExtensions(reader, USE_EXTENSIONS))

t.test('extensions: by OID, critical ones that are known', async (t) => {
  const found = read(sequence(OTHER, value('aabb')), sequence(KEY_USAGE, TRUE, value('03020106')))
  t.same(
    [...found].map(([oid, content]) => [oid, hex(content)]),
    [
      ['2.5.29.14', 'aabb'],
      ['2.5.29.15', '03020106'],
    ],
  )
})

t.test('extensions: what RFC 5280 does not have', async (t) => {
  const good = sequence(OTHER, value('aa'))
  const bad: Record<string, readonly Uint8Array[]> = {
    'none in a list': [],
    'one twice': [good, good],
    'an unknown critical one': [sequence(OTHER, TRUE, value('aa'))],
    'the default spelled out': [sequence(OTHER, '010100', value('aa'))],
    'another TRUE': [sequence(KEY_USAGE, '010101', value('03020106'))],
    'no value': [sequence(OTHER)],
    'two values': [sequence(OTHER, value('aa'), value('bb'))],
    'another type of value': [sequence(OTHER, tlv(0x03, '00aa'))],
    'no OID': [sequence(value('aa'))],
  }
  for (const [what, list] of Object.entries(bad)) throwsCode(t, () => read(...list), FORMAT, what)
})

t.test('extensions: what a key may be used for', async (t) => {
  const use = (constraints: string | null, usage: string | null) => {
    const list = [
      ...(constraints === null ? [] : [sequence(CONSTRAINTS, TRUE, value(constraints))]),
      ...(usage === null ? [] : [sequence(KEY_USAGE, TRUE, value(usage))]),
      sequence(OTHER, value('aa')),
    ]
    return useOf(read(...list))
  }
  t.same(use(null, null), { isCa: false, pathLength: undefined, keyUsage: undefined })
  t.same(use('3000', '03020204'), { isCa: false, pathLength: undefined, keyUsage: KEY_CERT_SIGN })
  t.same(use('30030101ff', null), { isCa: true, pathLength: undefined, keyUsage: undefined })
  const both = KEY_CERT_SIGN | CRL_SIGN
  t.same(use('30060101ff020100', '03020106'), { isCa: true, pathLength: 0, keyUsage: both })
  for (const constraints of [
    '',
    '30030101',
    '3003010100',
    '3003020100',
    '30060101ff0201ff',
    '30090101ff020100020100',
    '30030101ff00',
    '020100',
  ]) {
    throwsCode(t, () => use(constraints, null), FORMAT, `basicConstraints ${constraints}`)
  }
  for (const usage of ['', '0300', '0302010600', '020106']) {
    throwsCode(t, () => use(null, usage), FORMAT, `keyUsage ${usage}`)
  }
})

// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { ecdsaValue, integer, sequence, tlv } from '../../src/simulate/der.js'
import { hex } from '../helpers.js'

t.test('der: lengths of one octet and of two', async (t) => {
  t.equal(hex(tlv(0x04)), '0400')
  t.equal(hex(tlv(0x04, [1], [2, 3])), '0403010203')
  t.equal(hex(tlv(0x04, new Uint8Array(127))).slice(0, 6), '047f00')
  t.equal(hex(tlv(0x04, new Uint8Array(128))).slice(0, 8), '04818000')
  t.equal(hex(sequence(tlv(0x05), tlv(0x05))), '300405000500')
})

t.test('der: integers are as short as they can be, and never negative', async (t) => {
  const cases = { '0000': '020100', '0001': '020101', '7f': '02017f', '0080': '02020080' }
  for (const [bytes, der] of Object.entries(cases)) {
    t.equal(hex(integer(Buffer.from(bytes, 'hex'))), der, bytes)
  }
  t.equal(hex(ecdsaValue(Buffer.from('00ff0001', 'hex'))), '3007020200ff020101')
})

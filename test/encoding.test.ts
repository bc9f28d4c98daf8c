// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import t from 'tap'
import { fromBase64, fromHex, toBase64, toHex } from '../src/encoding.js'
import { throwsCode } from './helpers.js'

t.test('encoding: base64 and hex are those of Node, both ways', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 9_000 }), (bytes) => {
      const base64 = Buffer.from(bytes).toString('base64')
      const hex = Buffer.from(bytes).toString('hex')
      return (
        toBase64(bytes) === base64 &&
        toHex(bytes) === hex &&
        Buffer.from(fromBase64(base64, 'x')).equals(bytes) &&
        Buffer.from(fromHex(hex.toUpperCase(), 'x')).equals(bytes)
      )
    }),
  )
  t.pass('round trips')
})

t.test('encoding: only canonical base64', async (t) => {
  for (const text of [
    'A',
    'AA',
    'AA=',
    'AB==',
    'AA==\n',
    ' AA==',
    'A A=',
    'AA==AA==',
    '_w==',
    'é',
  ]) {
    const message = throwsCode(t, () => fromBase64(text, 'nonce'), 'ERR_ARGUMENT', text)
    t.match(message, /^nonce /)
  }
})

t.test('encoding: only hex', async (t) => {
  for (const text of ['a', 'zz', '0x00', ' 00', '00 ']) {
    throwsCode(t, () => fromHex(text, 'report data'), 'ERR_ARGUMENT', text)
  }
})

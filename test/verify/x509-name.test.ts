// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { exactly } from '../../src/verify/der.js'
import { readName } from '../../src/verify/x509-name.js'
import { sequence, set, text } from '../fake/der.js'
import { throwsCode } from '../helpers.js'

const CN = '0603550403'
const O = '060355040a'
const UNKNOWN = '0603550463'
const utf8 = (value: string) => text(0x0c, value)
const read = (...sets: readonly Uint8Array[]) => exactly(sequence(...sets), readName)

t.test('name: attributes under their names, in the order of the encoding', async (t) => {
  t.equal(read(), '')
  t.equal(read(set(sequence(CN, utf8('a'))), set(sequence(O, text(0x13, 'b')))), 'CN=a, O=b')
  const both = set(sequence(CN, utf8('a')), sequence(O, utf8('b')), sequence(UNKNOWN, utf8('c')))
  t.equal(read(both), 'CN=a+O=b+2.5.4.99=c')
})

t.test('name: no value can pose as two', async (t) => {
  t.equal(read(set(sequence(CN, utf8('a, O=b+c\\')))), 'CN=a\\, O\\=b\\+c\\\\')
})

t.test('name: no value can rewrite the line that it is shown in', async (t) => {
  const hidden = 'a\u001b[2K\r\n\u202eb\u2028\u0000\u{e0001}ü'
  t.equal(
    read(set(sequence(CN, utf8(hidden)))),
    'CN=a\\1b[2K\\0d\\0a\\e2\\80\\aeb\\e2\\80\\a8\\00\\f3\\a0\\80\\81ü',
  )
  const [spelled, meant] = ['\\0a', '\n'].map((value) => read(set(sequence(CN, utf8(value)))))
  t.not(spelled, meant, 'and none can pose as one that was escaped')
})

t.test('name: the same encoding is the same name, whoever reads it', async (t) => {
  const name = sequence(set(sequence(CN, utf8('again'))))
  t.equal(exactly(name, readName), exactly(name.slice(), readName))
})

t.test('name: what is no name', async (t) => {
  const [a, b] = [sequence(CN, utf8('a')), sequence(O, utf8('b'))]
  const bad: Record<string, Uint8Array> = {
    'a set of nothing': set(),
    'a set out of order': set(b, a),
    'the same attribute twice': set(a, a),
    'an attribute without a value': set(sequence(CN)),
    'an attribute with two values': set(sequence(CN, utf8('a'), utf8('b'))),
    'a sequence for a set': sequence(a),
    'another type of string': set(sequence(CN, text(0x1e, 'ab'))),
    'a name without its attribute': set(CN),
  }
  for (const [what, part] of Object.entries(bad)) {
    throwsCode(t, () => read(part), 'ERR_CERTIFICATE_FORMAT', what)
  }
})

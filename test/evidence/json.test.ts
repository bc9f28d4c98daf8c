// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import t from 'tap'
import { parseJson } from '../../src/evidence/json.js'
import { LIMITS } from '../../src/protocol.js'
import { codeOf, throwsCode } from '../helpers.js'

const CODE = 'ERR_EVIDENCE_FORMAT'
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

t.test('json: text and bytes give what JSON.parse gives', async (t) => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      t.same(parseJson(text, CODE), JSON.parse(text))
      t.same(parseJson(utf8(text), CODE), JSON.parse(text))
    }),
    { numRuns: 200 },
  )
})

t.test('json: what is no JSON is refused with the code of the caller', async (t) => {
  for (const text of ['', '{', '{"a":1}x', "{'a':1}", '{"a":1,}', '\ufeff{}', 'NaN', '"\n"']) {
    throwsCode(t, () => parseJson(text, CODE), 'ERR_EVIDENCE_FORMAT', JSON.stringify(text))
    throwsCode(t, () => parseJson(utf8(text), 'ERR_FILE_FORMAT'), 'ERR_FILE_FORMAT')
  }
})

t.test('json: the refusal quotes nothing of the document', async (t) => {
  t.notMatch(
    throwsCode(t, () => parseJson('{"nonce":"secret"', CODE), CODE),
    /secret/,
  )
})

t.test('json: bytes that are not UTF-8 are refused', async (t) => {
  const bytes = utf8('{"a":"bc"}')
  bytes[7] = 0xff
  throwsCode(t, () => parseJson(bytes, CODE), CODE)
  throwsCode(t, () => parseJson(Uint8Array.of(0x22, 0xc0, 0x80, 0x22), CODE), CODE, 'overlong')
  throwsCode(t, () => parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31), CODE), CODE, 'BOM')
})

t.test('json: a name that stands twice in one object is refused', async (t) => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":1,"b":{"c":0},"a":1}',
    '{"x":[1,{"a":1 , "a":1}]}',
    '{"a":1,"\\u0061":1}',
    '{"\\"":1,"\\u0022":1}',
    '{"\\\\":1,"\\\\":1}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
  ]) {
    throwsCode(t, () => parseJson(text, CODE), CODE, text)
  }
})

t.test('json: a name may stand in many objects, and a value may look like one', async (t) => {
  for (const text of [
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","b":"a"}',
    '{"a":["a","a"],"b":["a"]}',
    '{"a":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a\\\\":"\\\\\\"","a":"\\\\"}',
    '{ "a" : "b" , "b" : "a" , "c":[ ] }',
    '["a","a"]',
  ]) {
    t.same(parseJson(text, CODE), JSON.parse(text), text)
  }
})

t.test('json: nesting is bounded long before the stack is', async (t) => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  t.equal(
    codeOf(() => parseJson(nested(32), CODE)),
    null,
  )
  for (const depth of [33, 1000, 1_000_000]) {
    throwsCode(t, () => parseJson(nested(depth), CODE), CODE, `${depth} levels`)
  }
  throwsCode(t, () => parseJson(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, CODE), CODE)
})

t.test('json: a document is bounded, as text and as bytes', async (t) => {
  const full = `"${'a'.repeat(LIMITS.document - 2)}"`
  t.equal(
    codeOf(() => parseJson(full, CODE)),
    null,
  )
  throwsCode(t, () => parseJson(`${full} `, CODE), CODE)
  throwsCode(t, () => parseJson(utf8(`${full} `), CODE), CODE)
})

t.test('json: backslashes by the million are read once', async (t) => {
  const text = `{"a":"${'\\\\'.repeat(1_000_000)}","b":"${'\\"'.repeat(1_000_000)}"}`
  t.equal(
    codeOf(() => parseJson(text, CODE)),
    null,
  )
})

// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check'
import t, { type Test } from 'tap'
import { parseJsonc } from '../../src/verify/jsonc.js'

function refuses(t: Test, text: string, message: RegExp): void {
  try {
    parseJsonc(text)
    t.fail(`accepted: ${text}`)
  } catch (error) {
    t.ok(error instanceof SyntaxError, text)
    t.match((error as Error).message, message)
    t.notMatch((error as Error).message, /\n/)
  }
}

t.test('jsonc: reads what JSON.parse reads', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, space) => {
      const text = JSON.stringify(value, null, space)
      t.strictSame(parseJsonc(text), JSON.parse(text))
    }),
    { numRuns: 300 },
  )
  for (const text of [
    '1',
    ' -0.5e+2 ',
    '"\\u00e9\\n"',
    '[]',
    '{ }',
    'null',
    '[1,[2,[]],{"a":{}}]',
  ]) {
    t.strictSame(parseJsonc(text), JSON.parse(text), text)
  }
})

t.test('jsonc: refuses what JSON.parse refuses', async (t) => {
  const tokens = ['{', '}', '[', ']', ':', ',', '"a"', '1', 'null', ' ', '"', '\\', '-', '.', 'x']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...tokens), { maxLength: 8 }), (parts) => {
      const text = parts.join('')
      let expected: unknown
      try {
        expected = JSON.parse(text)
      } catch {
        t.throws(() => parseJsonc(text), SyntaxError)
        return
      }
      // Names that stand twice are ours to refuse.
      if (!/"a".*"a"/.test(text)) t.strictSame(parseJsonc(text), expected)
    }),
    { numRuns: 2000 },
  )
})

t.test('jsonc: comments wherever white space may stand, and not in strings', async (t) => {
  const text = '// head\n{ // a\n "u": // b\r\n "http://x" // c\n , "v": [1 // d\n,2]}// end'
  t.strictSame(parseJsonc(text), { u: 'http://x', v: [1, 2] })
  refuses(t, '/* no */ 1', /^line 1: this is no JSON$/)
  refuses(t, '// only', /^line 1: a value expected, got the end$/)
})

t.test('jsonc: a name stands once in an object', async (t) => {
  refuses(t, '{"a": 1,\n "b": 2,\n "a": 1}', /^line 3: "a" stands twice in one object$/)
  refuses(t, '{"a": 1, "\\u0061": 1}', /"a" stands twice/)
  t.strictSame(parseJsonc('[{"a":1},{"a":{"a":2}}]'), [{ a: 1 }, { a: { a: 2 } }])
})

t.test('jsonc: names that mean something to JavaScript are names', async (t) => {
  const value = parseJsonc('{"__proto__": {"x": 1}, "constructor": 2}') as object
  t.equal(Object.getPrototypeOf(value), Object.prototype)
  t.strictSame(Object.keys(value), ['__proto__', 'constructor'])
})

t.test('jsonc: says the line, and what was expected', async (t) => {
  refuses(t, '', /^line 1: a value expected, got the end$/)
  refuses(t, '[1,]', /^line 1: a value expected, got \]$/)
  refuses(t, '{"a":1,}', /^line 1: a name in double quotes expected, got \}$/)
  refuses(t, '{"a" 1}', /":" expected, got 1$/)
  refuses(t, '{"a":1 "b":2}', /"," or "\}" expected, got a string$/)
  refuses(t, '[1 2]', /"," or "\]" expected, got 2$/)
  refuses(t, '1\n1', /^line 2: the end expected, got 1$/)
  refuses(t, '["\n"]', /^line 2: a string has an escape or a control character/)
  refuses(t, '{"\\x":1}', /a string has an escape/)
  refuses(t, '"open', /this is no JSON/)
  refuses(t, `{"${'\u009b'.repeat(60)}":1,"${'\u009b'.repeat(60)}":2}`, /"\?{40}"… stands twice/)
  refuses(t, '['.repeat(100), /objects and lists stand too deep in each other/)
  t.same(parseJsonc('['.repeat(32) + ']'.repeat(32)), JSON.parse('['.repeat(32) + ']'.repeat(32)))
})

t.test('jsonc: takes a time that grows with the text, whatever stands there', async (t) => {
  for (const text of ['"\\"'.repeat(200_000), '//\n'.repeat(200_000), ' '.repeat(1_000_000)]) {
    t.throws(() => parseJsonc(text), SyntaxError)
  }
  t.equal((parseJsonc(`[${'{"a":1},'.repeat(50_000)}0]`) as unknown[]).length, 50_001)
})

// SPDX-License-Identifier: Apache-2.0

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { patchBetween } from '../../src/webhook/patch.js'
import { same } from '../../src/webhook/pod-same.js'
import { applied, frozen } from './pods.js'

const names = fc.constantFrom('a', 'b', 'a/b', '~', '~1', '', '0', 'toString', 'x')
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, 1, '', 'x'),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value
const document = fc.dictionary(names, json, { noNullPrototype: true })

t.test('patch: it leads from the one to the other', async () => {
  fc.assert(
    fc.property(document, document, (before, after) => {
      const patch = patchBetween(frozen(before), frozen(after))
      return isDeepStrictEqual(applied(before, patch), after)
    }),
  )
})

t.test('patch: between what says the same there is nothing', async () => {
  fc.assert(
    fc.property(
      document,
      (value) =>
        patchBetween(value, structuredClone(value)).length === 0 &&
        patchBetween(value, value).length === 0,
    ),
  )
})

t.test('patch: lists that share their elements cost what they differ by', async (t) => {
  const a = { name: 'a' }
  const b = { name: 'b' }
  const c = { name: 'c', limits: { cpu: '1', memory: '2' } }
  const smaller = { ...c, limits: { ...c.limits, cpu: '0' } }
  for (const [title, before, after, patch] of [
    ['one at the end', [a, b], [a, b, c], [{ op: 'add', path: '/l/2', value: c }]],
    ['one in front', [a, b], [c, a, b], [{ op: 'add', path: '/l/0', value: c }]],
    ['one less', [a, b, c], [a, c], [{ op: 'remove', path: '/l/1' }]],
    [
      'two less',
      [a, b, c],
      [c],
      [
        { op: 'remove', path: '/l/0' },
        { op: 'remove', path: '/l/0' },
      ],
    ],
    [
      'inside of one',
      [a, c, b],
      [a, smaller, b],
      [{ op: 'replace', path: '/l/1/limits/cpu', value: '0' }],
    ],
    ['the same twice', [a, a], [a, a, a], [{ op: 'add', path: '/l/2', value: a }]],
  ] as const) {
    t.strictSame(patchBetween({ l: before }, { l: after }), patch, title)
  }
})

t.test('patch: elements that both lists share are not looked into', async (t) => {
  const looked = () => {
    throw new Error('looked into')
  }
  const shared = Array.from(
    { length: 300 },
    () => new Proxy({}, { get: looked, ownKeys: looked, getOwnPropertyDescriptor: looked }),
  )
  const patch = patchBetween({ l: shared }, { l: [...shared, 'x'] })
  t.strictSame(patch, [{ op: 'add', path: '/l/300', value: 'x' }])
})

t.test('same: as text it would be the same, with the names in order', async () => {
  const ordered = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(ordered)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, inner]) => [name, ordered(inner)]),
          )
        : value
  const text = (value: unknown) => JSON.stringify(ordered(value))
  fc.assert(fc.property(json, json, (a, b) => same(a, b) === (text(a) === text(b))))
  fc.assert(fc.property(json, (a) => same(a, structuredClone(a))))
})

t.test('same: lists are not objects, and nothing is not empty', async (t) => {
  for (const [a, b] of [
    [[], {}],
    [[1], { 0: 1 }],
    [null, {}],
    [undefined, null],
    [{ a: undefined }, { b: undefined }],
    ['1', 1],
    [{}, JSON.parse('{"__proto__":{}}')],
    [{ toString: 1 }, { a: 1 }],
  ]) {
    t.notOk(same(a, b))
    t.notOk(same(b, a))
  }
})

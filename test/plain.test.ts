// SPDX-License-Identifier: Apache-2.0
import t from 'tap'
import { plain } from '../src/plain.js'

class View {
  readonly #hidden = 7
  static elsewhere = 1
  get first(): number {
    return this.#hidden
  }
  get bytes(): Uint8Array {
    return Uint8Array.of(1, 255)
  }
  method(): number {
    return this.#hidden
  }
}

t.test('plain: a view becomes its getters in order, without what is omitted', async (t) => {
  t.same(Object.keys(plain(new View()) as object), ['first', 'bytes'])
  t.same(plain(new View(), ['bytes']), { first: 7 })
})

t.test('plain: values', async (t) => {
  const nested = { text: 'a', yes: true, none: null, list: [1n, new View()], inner: { n: 2 } }
  t.same(plain(nested), {
    text: 'a',
    yes: true,
    none: null,
    list: ['0x0000000000000001', { first: 7, bytes: '01ff' }],
    inner: { n: 2 },
  })
  t.same(plain({ bytes: [Uint8Array.of(0)] }, []), { bytes: ['00'] })
})

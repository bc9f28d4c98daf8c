// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { world } from './fetcher-world.js'
import { codeFrom } from './kds-world.js'

/** An injected fetch that answers so. */
const answering =
  (response: () => unknown): typeof fetch =>
  async () =>
    response() as Response

t.test('answer: lengths are compared where they say the same', async (t) => {
  const answer = (headers: Record<string, string>, type = 'basic') => {
    const { body } = new Response('answer')
    return { status: 200, headers: new Headers(headers), type, body }
  }
  const cases: [string, () => unknown, string | null][] = [
    ['none declared', () => answer({}), null],
    ['as declared', () => answer({ 'content-length': '6' }), null],
    ['shorter', () => answer({ 'content-length': '7' }), 'ERR_ENDORSER_NETWORK'],
    ['longer', () => answer({ 'content-length': '5' }), 'ERR_ENDORSER_NETWORK'],
    ['compressed', () => answer({ 'content-length': '9', 'content-encoding': 'gzip' }), null],
    ['hidden by a browser', () => answer({ 'content-length': '9' }, 'cors'), null],
    ['at the limit', () => new Response('x'.repeat(100)), null],
    ['beyond', () => new Response('x'.repeat(101)), 'ERR_ENDORSER_ANSWER'],
    ['no body', () => new Response(null), 'ERR_ENDORSER_ANSWER'],
    ['empty', () => new Response(''), 'ERR_ENDORSER_ANSWER'],
    [
      'a redirect in a browser',
      () => ({ status: 0, type: 'opaqueredirect', headers: new Headers() }),
      'ERR_ENDORSER_STATUS',
    ],
  ]
  for (const [what, response, code] of cases) {
    const { get } = world({ fetch: answering(response) })
    t.equal(await codeFrom(get()), code, what)
  }
})

t.test('answer: an endless answer is left at the limit', async (t) => {
  let read = 0
  let left = false
  const body = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(10).fill(++read)),
      cancel: () => {
        left = true
        throw new Error('a stream that cannot even be left')
      },
    })
  const { get } = world({ fetch: answering(() => new Response(body())) })
  t.equal(await codeFrom(get()), 'ERR_ENDORSER_ANSWER')
  t.ok(left)
  t.ok(read <= 13, `${read} chunks`)
})

t.test('answer: says what the host says of a failed connection, if it is a code', async (t) => {
  const causes: [unknown, RegExp][] = [
    [new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } }), /no answer \(ENOTFOUND\)$/],
    [new TypeError('fetch failed', { cause: { code: '/home/user' } }), /no answer$/],
    [new TypeError('fetch failed', { cause: { code: 7 } }), /no answer$/],
    [new TypeError('Failed to fetch'), /no answer$/],
    [null, /no answer$/],
  ]
  for (const [cause, message] of causes) {
    const { get } = world({ fetch: () => Promise.reject(cause) })
    await t.rejects(get(), { code: 'ERR_ENDORSER_NETWORK', message, cause })
  }
})

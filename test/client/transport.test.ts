// SPDX-License-Identifier: Apache-2.0
// The transport over `fetch`, as browsers have it, against real sockets.

import t from 'tap'
import { fetchQuote, fetchTransport } from '../../src/client/index.js'
import { QUOTE } from '../evidence/documents.js'
import { pattern } from '../fake/nvidia.js'
import { json, type Served, serve, serveBytes } from '../fake/server.js'
import { mintTls } from '../fake/tls.js'
import { rejectsCode } from '../helpers.js'

const transport = fetchTransport(fetch)
const ask = ({ url }: Served) => fetchQuote({ url, transport, nonce: pattern(64, 1) })
type Tap = { teardown(run: () => unknown): unknown }

async function opened(t: Tap, served: Promise<Served>): Promise<Served> {
  const one = await served
  t.teardown(() => one.close())
  return one
}

t.test('fetchTransport: carries the question and the answer, and knows no key', async (t) => {
  const served = await opened(
    t,
    serve(({ method, path, headers, body }) => {
      t.same([method, path, headers['content-type']], ['POST', '/quote', 'application/json'])
      t.ok(JSON.parse(body).nonce)
      return json(QUOTE)
    }, null),
  )
  const fetched = await ask(served)
  t.same(fetched.answer, QUOTE)
  t.equal(fetched.channelSpki, null)
})

t.test('fetchTransport: asks for no cookies, no cache, no redirects', async (t) => {
  let asked: RequestInit | undefined
  const own = fetchTransport(async (_, init) => {
    asked = init
    return Response.json(QUOTE)
  })
  await fetchQuote({ url: 'https://h', transport: own, nonce: pattern(64, 1) })
  t.match(asked, { redirect: 'error', credentials: 'omit', cache: 'no-store' })
})

t.test('fetchTransport: a redirect is not followed', async (t) => {
  const followed = () => {
    t.fail('followed')
    return json(QUOTE)
  }
  const target = await opened(t, serve(followed, null))
  const headers = { location: `${target.url}/quote` }
  const served = await opened(
    t,
    serve(() => ({ status: 307, headers, body: '' }), null),
  )
  await rejectsCode(t, ask(served), 'ERR_ATTESTER_NETWORK')
})

t.test('fetchTransport: a self-signed certificate is out of reach', async (t) => {
  const served = await opened(
    t,
    serve(() => json(QUOTE), mintTls()),
  )
  const error = await rejectsCode(t, ask(served), 'ERR_ATTESTER_NETWORK')
  t.match(error?.message, /SELF_SIGNED_CERT/)
})

t.test('fetchTransport: an answer without a body, and one that breaks off', async (t) => {
  const empty = await opened(
    t,
    serve(() => ({ status: 204, headers: {}, body: '' }), null),
  )
  await rejectsCode(t, ask(empty), 'ERR_ATTESTER_STATUS')
  const broken = await opened(
    t,
    serveBytes((socket) => {
      socket.once('data', () => {
        socket.write(
          'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
        )
        socket.end()
      })
    }, null),
  )
  await rejectsCode(t, ask(broken), 'ERR_ATTESTER_NETWORK')
})

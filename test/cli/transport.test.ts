// SPDX-License-Identifier: Apache-2.0
// The transport of Node against real sockets: whose key answered, and to whom it talks at all.

import type { LookupAddress } from 'node:dns'
import tls from 'node:tls'
import t from 'tap'
import { nodeTransport, publicLookup } from '../../src/cli/transport.js'
import { QUOTE } from '../evidence/documents.js'
import { type Handler, json, serve, serveBytes } from '../fake/server.js'
import { mintTls } from '../fake/tls.js'
import { rejectsCode } from '../helpers.js'
import { ask, BODY, HEAD, identity, opened } from './servers.js'

t.test('nodeTransport: gives the answer, and the key that it came over', async (t) => {
  const { url } = await opened(
    t,
    serve(({ headers, body }) => {
      t.match(headers, { 'content-length': `${Buffer.byteLength(body)}`, connection: 'close' })
      return json(QUOTE)
    }, identity),
  )
  const fetched = await ask(url)
  t.same(fetched.answer, QUOTE)
  t.same(fetched.channelSpki, identity.spki)
})

t.test('nodeTransport: plain HTTP to this machine has no key', async (t) => {
  const { url } = await opened(
    t,
    serve(() => json(QUOTE), null),
  )
  t.equal((await ask(url)).channelSpki, null)
})

t.test('nodeTransport: a request has a connection of its own, and a handshake', async (t) => {
  const others = [mintTls(), mintTls(), mintTls()]
  const resumed: boolean[] = []
  const server = tls.createServer(identity, (socket) => {
    resumed.push(socket.isSessionReused())
    // The next connection gets another key; this one must still be told by its own.
    server.setSecureContext(others[resumed.length - 1] ?? identity)
    socket.on('error', () => {})
    socket.once('data', () => socket.end(`${HEAD}content-length: ${BODY.length}\r\n\r\n${BODY}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  for (const { spki } of [identity, ...others]) {
    t.same((await ask(`https://127.0.0.1:${port}`)).channelSpki, spki)
  }
  t.same(resumed, [false, false, false, false])
})

t.test('nodeTransport: a token goes only to a server that the platform trusts', async (t) => {
  const good = mintTls('127.0.0.1')
  let heard = 0
  const handler: Handler = ({ headers }) => {
    heard += 1
    t.equal(headers.authorization, 'Bearer secret')
    return json(QUOTE)
  }
  const { url } = await opened(t, serve(handler, good))
  const headers = { Authorization: 'Bearer secret' }
  const error = await rejectsCode(t, ask(url, { headers }), 'ERR_ATTESTER_NETWORK')
  t.match(error?.message, /SELF_SIGNED_CERT/)
  const elsewhere = nodeTransport({ ca: identity.cert })
  await rejectsCode(t, ask(url, { headers, transport: elsewhere }), 'ERR_ATTESTER_NETWORK')
  t.equal(heard, 0, 'the token was not sent')
  const transport = nodeTransport({ ca: good.cert })
  t.same((await ask(url, { headers, transport })).channelSpki, good.spki)
  t.equal(heard, 1)
})

t.test('nodeTransport: TLS below 1.2 is refused', async (t) => {
  // Otherwise OpenSSL refuses it already, where it is built that way, and nothing here is tested.
  const ciphers = tls.DEFAULT_CIPHERS
  tls.DEFAULT_CIPHERS = 'DEFAULT@SECLEVEL=0'
  t.teardown(() => {
    tls.DEFAULT_CIPHERS = ciphers
  })
  for (const [maxVersion, code] of [
    ['TLSv1.1', 'ERR_ATTESTER_NETWORK'],
    ['TLSv1.2', null],
    ['TLSv1.3', null],
  ] as const) {
    const server = tls.createServer(
      { ...identity, minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' },
      (socket) => {
        socket.on('error', () => {})
        socket.once('data', () =>
          socket.end(`${HEAD}content-length: ${BODY.length}\r\n\r\n${BODY}`),
        )
      },
    )
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const { port } = server.address() as { port: number }
    const fetched = ask(`https://127.0.0.1:${port}`)
    if (code) await rejectsCode(t, fetched, code, maxVersion)
    else t.same((await fetched).channelSpki, identity.spki, maxVersion)
  }
})

t.test('nodeTransport: a redirect is an answer without evidence', async (t) => {
  const followed = () => {
    t.fail('followed')
    return json(QUOTE)
  }
  const target = await opened(t, serve(followed, identity))
  for (const status of [301, 302, 303, 307, 308]) {
    const headers = { location: `${target.url}/quote` }
    const { url } = await opened(
      t,
      serve(() => ({ status, headers, body: '' }), identity),
    )
    await rejectsCode(t, ask(url), 'ERR_ATTESTER_STATUS')
  }
})

t.test('nodeTransport: nobody listens there', async (t) => {
  const { url, close } = await serve(() => json(QUOTE), identity)
  await close()
  const error = await rejectsCode(t, ask(url), 'ERR_ATTESTER_NETWORK')
  t.match(error?.message, /ECONNREFUSED$/)
})

t.test('nodeTransport: an abort closes the connection', async (t) => {
  const controller = new AbortController()
  const reason = new Error('enough')
  let closed: Promise<void> | undefined
  const { url } = await opened(
    t,
    serveBytes((socket) => {
      closed = new Promise((resolve) => socket.resume().once('close', () => resolve()))
      controller.abort(reason)
    }, identity),
  )
  await t.rejects(ask(url, { signal: controller.signal }), reason)
  await closed
})

t.test('nodeTransport: of a name, only where everybody gets to', async (t) => {
  const { url } = await opened(
    t,
    serve(() => json(QUOTE), identity),
  )
  const named = url.replace('127.0.0.1', 'localhost')
  await ask(named, { transport: nodeTransport({ publicOnly: false }) })
  const asking = ask(named, { transport: nodeTransport({ publicOnly: true }) })
  await rejectsCode(t, asking, 'ERR_ENDPOINT_ADDRESS')
})

t.test('publicLookup: drops what not everybody reaches', async (t) => {
  const found = [
    { address: '10.0.0.1', family: 4 },
    { address: '8.8.8.8', family: 4 },
    { address: '2606:4700::1111', family: 6 },
  ]
  const asked: unknown[] = []
  const resolver =
    (addresses: LookupAddress[], error: Error | null = null): Parameters<typeof publicLookup>[0] =>
    (host, options, done) => {
      asked.push([host, options])
      done(error, addresses)
    }
  const look = (resolve: ReturnType<typeof resolver>, all: boolean) =>
    new Promise<unknown[]>((done) => {
      publicLookup(resolve)('a.example', { all }, (...answer) => done(answer))
    })
  t.strictSame(await look(resolver(found), true), [null, found.slice(1)])
  t.strictSame(await look(resolver(found), false), [null, '8.8.8.8', 4])
  t.strictSame(asked, Array(2).fill(['a.example', { all: true }]), 'looks at all of them')
  const none = await look(resolver(found.slice(0, 1)), true)
  t.match(none, [{ code: 'ERR_ENDPOINT_ADDRESS' }, []])
  const failure = new Error('ENOTFOUND')
  t.strictSame(await look(resolver([], failure), true), [failure, []])
})

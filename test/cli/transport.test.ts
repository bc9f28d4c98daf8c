// SPDX-License-Identifier: Apache-2.0
// The transport of Node against real sockets: whose key answered, and servers that mean no good.

import type { Socket } from 'node:net'
import tls from 'node:tls'
import t from 'tap'
import { nodeTransport } from '../../src/cli/transport.js'
import { type FetchedEvidence, fetchQuote } from '../../src/client/index.js'
import type { Code } from '../../src/errors.js'
import { QUOTE } from '../evidence/documents.js'
import { pattern } from '../fake/nvidia.js'
import { type Handler, json, type Served, serve, serveBytes } from '../fake/server.js'
import { mintTls } from '../fake/tls.js'
import { rejectsCode } from '../helpers.js'

const identity = mintTls()
const NONCE = pattern(64, 1)
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
const BODY = JSON.stringify(QUOTE)

type Tap = Parameters<typeof rejectsCode>[0] & { teardown(run: () => unknown): unknown }

async function opened(t: Tap, served: Promise<Served>): Promise<Served> {
  const one = await served
  t.teardown(() => one.close())
  return one
}

function ask(url: string, options: object = {}): Promise<FetchedEvidence> {
  return fetchQuote({ url, transport: nodeTransport(), nonce: NONCE, ...options })
}

/** A TLS server that answers the first bytes it gets with these. */
const saying = (t: Tap, ...chunks: string[]): Promise<Served> =>
  opened(
    t,
    serveBytes((socket) => {
      socket.once('data', () => {
        for (const chunk of chunks) socket.write(chunk, 'latin1')
        socket.end()
      })
    }, identity),
  )

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

const OK = `${HEAD}content-length: ${BODY.length}\r\n\r\n${BODY}`
const WORDS: readonly (readonly [title: string, code: Code | null, ...chunks: string[]])[] = [
  ['an answer as it should be', null, OK],
  ['the same in two pieces', null, OK.slice(0, 100), OK.slice(100)],
  [
    'the same in chunks',
    null,
    `${HEAD}transfer-encoding: chunked\r\n\r\n`,
    `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
  ],
  [
    'HTTP/1.0, ended by closing',
    null,
    `HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${BODY}`,
  ],
  ['an interim answer before it', null, `HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n${OK}`],
  ['another answer behind it', null, OK + OK],
  [
    'HTTP/1.0, cut off',
    'ERR_ATTESTER_ANSWER',
    `HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${BODY.slice(0, -1)}`,
  ],
  ['nothing', 'ERR_ATTESTER_NETWORK'],
  ['no HTTP', 'ERR_ATTESTER_NETWORK', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['HTTP/9', 'ERR_ATTESTER_NETWORK', 'HTTP/9.9 200 OK\r\n\r\n'],
  ['headers without end', 'ERR_ATTESTER_NETWORK', HEAD],
  ['headers beyond measure', 'ERR_ATTESTER_NETWORK', `${HEAD}${'x-a: b\r\n'.repeat(100_000)}\r\n`],
  [
    'two lengths',
    'ERR_ATTESTER_NETWORK',
    `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\n{}`,
  ],
  [
    'length and chunks',
    'ERR_ATTESTER_NETWORK',
    `${HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`,
  ],
  [
    'a body shorter than said',
    'ERR_ATTESTER_NETWORK',
    `${HEAD}content-length: 9999\r\n\r\n${BODY}`,
  ],
  ['chunks without end', 'ERR_ATTESTER_NETWORK', `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{`],
  [
    'chunks that are none',
    'ERR_ATTESTER_NETWORK',
    `${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n{}`,
  ],
  [
    'a switch of protocol',
    'ERR_ATTESTER_NETWORK',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  ],
  [
    'compression nobody asked for',
    'ERR_ATTESTER_ANSWER',
    `${HEAD}content-encoding: gzip\r\n\r\n\x1f\x8b\x08`,
  ],
  ['no media type', 'ERR_ATTESTER_ANSWER', `HTTP/1.1 200 OK\r\n\r\n${BODY}`],
  [
    'another media type',
    'ERR_ATTESTER_ANSWER',
    `HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n${BODY}`,
  ],
  ['two media types', 'ERR_EVIDENCE_FORMAT', `${HEAD}content-type: text/html\r\n\r\n{}`],
  ['invalid UTF-8', 'ERR_ATTESTER_ANSWER', `${HEAD}\r\n{"x":"\xff",${BODY.slice(1)}`],
  ['a name twice', 'ERR_ATTESTER_ANSWER', `${HEAD}\r\n{"report":"AA==",${BODY.slice(1)}`],
  [
    'deep nesting',
    'ERR_ATTESTER_ANSWER',
    `${HEAD}\r\n${'['.repeat(500_000)}${']'.repeat(500_000)}`,
  ],
  ['an error without end of body', 'ERR_ATTESTER_REFUSED', 'HTTP/1.1 404 Not Found\r\n\r\nno'],
]

t.test('hostile server: says', async (t) => {
  for (const [title, code, ...chunks] of WORDS) {
    const { url } = await saying(t, ...chunks)
    if (code) await rejectsCode(t, ask(url), code, title)
    else t.same((await ask(url)).answer, QUOTE, title)
  }
})

t.test('hostile server: every truncation of an answer is refused', async (t) => {
  let length = 0
  const { url } = await opened(
    t,
    serveBytes((socket) => {
      socket.once('data', () => socket.end(OK.slice(0, length)))
    }, identity),
  )
  const body = OK.length - BODY.length
  for (length of [0, 1, 8, 12, 17, body - 5, body - 2, body - 1, body, body + 1, OK.length - 1]) {
    await rejectsCode(t, ask(url), 'ERR_ATTESTER_NETWORK', `${length} bytes`)
  }
})

/** Writes for as long as somebody reads. */
function flood(socket: Socket, chunk: string): void {
  const more = () => {
    while (socket.writable && socket.write(chunk)) {}
  }
  socket.on('drain', more)
  more()
}

t.test('hostile server: a body without end is given up, of an answer or an error', async (t) => {
  for (const [head, code] of [
    [HEAD, 'ERR_ATTESTER_ANSWER'],
    ['HTTP/1.1 500 No\r\ncontent-type: text/plain\r\n', 'ERR_ATTESTER_STATUS'],
  ] as const) {
    const closed: Promise<void>[] = []
    const { url } = await opened(
      t,
      serveBytes((socket) => {
        closed.push(new Promise((resolve) => socket.once('close', () => resolve())))
        socket.once('data', () => {
          socket.write(`${head}\r\n`)
          flood(socket, ' '.repeat(0x4000))
        })
      }, identity),
    )
    await rejectsCode(t, ask(url), code)
    await Promise.all(closed)
    t.equal(closed.length, 1, 'the connection is closed')
  }
})

t.test('hostile server: silence at any stage ends with the time given', async (t) => {
  const stages: [title: string, speak: (socket: Socket) => void][] = [
    ['after the handshake', () => {}],
    ['within the headers', (socket) => socket.write(HEAD)],
    ['within the body', (socket) => socket.write(`${HEAD}content-length: 99\r\n\r\n{`)],
  ]
  for (const [title, speak] of stages) {
    const { url } = await opened(t, serveBytes(speak, identity))
    await rejectsCode(t, ask(url, { timeoutMs: 50 }), 'ERR_ATTESTER_TIMEOUT', title)
  }
  const { url } = await opened(
    t,
    serveBytes(() => {}, null),
  )
  const handshake = ask(url.replace('http:', 'https:'), { timeoutMs: 50 })
  await rejectsCode(t, handshake, 'ERR_ATTESTER_TIMEOUT', 'within the handshake')
})

t.test('hostile server: a connection that is reset, before and within the answer', async (t) => {
  for (const words of ['', HEAD, `${HEAD}content-length: 99\r\n\r\n{`]) {
    const { url } = await opened(
      t,
      serveBytes((socket) => {
        socket.once('data', () => socket.write(words, () => socket.resetAndDestroy()))
      }, null),
    )
    await rejectsCode(t, ask(url), 'ERR_ATTESTER_NETWORK')
  }
})

t.test('hostile server: no TLS where TLS is expected', async (t) => {
  const { url } = await opened(
    t,
    serve(() => json(QUOTE), null),
  )
  await rejectsCode(t, ask(url.replace('http:', 'https:')), 'ERR_ATTESTER_NETWORK')
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

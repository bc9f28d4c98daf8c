// SPDX-License-Identifier: Apache-2.0
// Servers that mean no good, over real sockets: what they say, what they leave out, and how long they
// take.

import type { Socket } from 'node:net'
import t from 'tap'
import type { Code } from '../../src/errors.js'
import { QUOTE } from '../evidence/documents.js'
import { json, type Served, serve, serveBytes } from '../fake/server.js'
import { rejectsCode } from '../helpers.js'
import { ask, BODY, HEAD, identity, opened, type Tap } from './servers.js'

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

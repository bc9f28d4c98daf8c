// SPDX-License-Identifier: Apache-2.0
// Directories that answer, do not answer, and lie; each a real HTTP server.

import t, { type Test } from 'tap'
import {
  fetchExpectations,
  type ResolvedLease,
  type ResolveOptions,
  resolveLease,
} from '../../src/client/index.js'
import { DIRECTORY_LIMITS, expectationsDigest, leasePath } from '../../src/discovery/index.js'
import type { Code } from '../../src/errors.js'
import {
  addressOf,
  endpointHint,
  expectations,
  expectationsBytes,
  leaseHints,
  leaseId,
} from '../fake/akash.js'
import { directoryOf, directoryThat, type FakeDirectory, type Says } from '../fake/directory.js'
import { type Answered, json, serve, serveBytes } from '../fake/server.js'
import { mintTls } from '../fake/tls.js'
import { rejectsCode } from '../helpers.js'

const ID = leaseId()
const HINTS = leaseHints()
const JSON_TYPE = { 'content-type': 'application/json' }

async function open<One extends { close(): Promise<void> }>(
  t: Test,
  opening: Promise<One>,
): Promise<One> {
  const one = await opening
  t.teardown(() => one.close())
  return one
}

const says = (t: Test, answer: Answered | Says): Promise<FakeDirectory> =>
  open(t, directoryThat(answer))

const resolve = (
  directories: readonly string[],
  options: Partial<ResolveOptions> = {},
): Promise<ResolvedLease> => resolveLease(ID, { directories, fetch, ...options })

t.test('directory: says what it knows, and is told nothing', async (t) => {
  const directory = await open(t, directoryOf([HINTS]))
  const { url } = directory
  t.strictSame(await resolve([url]), { hints: HINTS, directory: url, etag: null })
  const below = await says(t, json(HINTS))
  await resolve([`${below.url}/eu/`])
  t.equal(below.asked[0]?.path, `/eu${leasePath(ID)}`)
  const [{ method, path, headers, body } = { headers: {} }] = directory.asked
  t.strictSame([method, path, body], ['GET', leasePath(ID), ''])
  const own = ['host', 'connection', 'accept', 'accept-language', 'sec-fetch-mode', 'user-agent']
  const names = Object.keys(headers).filter((name) => ![...own, 'accept-encoding'].includes(name))
  t.strictSame(names, [], 'no header but those of fetch')
})

t.test('directory: what is known need not be said again', async (t) => {
  const tag = '"abc"'
  let status = 200
  const directory = await says(t, () => ({
    status,
    headers: { ...JSON_TYPE, etag: tag },
    body: status === 200 ? JSON.stringify(HINTS) : '',
  }))
  const known = await resolve([directory.url])
  t.equal(known.etag, tag)
  status = 304
  t.strictSame(await resolve([directory.url], { known }), known)
  t.equal(directory.asked[1]?.headers['if-none-match'], tag)
  await rejectsCode(t, resolve([directory.url]), 'ERR_DIRECTORY_STATUS', '304 to no tag')
  status = 200
  t.strictSame(await resolve([directory.url], { known }), known, 'said again nevertheless')
  const elsewhere = { ...known, directory: 'https://elsewhere.example' }
  await resolve([directory.url], { known: elsewhere })
  t.equal(directory.asked.at(-1)?.headers['if-none-match'], undefined, 'tags of others stay there')
})

t.test('directory: without a tag nothing is kept', async (t) => {
  const untagged = await says(t, ({ headers }) =>
    headers['if-none-match']
      ? { status: 304, headers: {}, body: '' }
      : { status: 200, headers: { ...JSON_TYPE, etag: 'no tag' }, body: JSON.stringify(HINTS) },
  )
  const known = await resolve([untagged.url])
  t.equal(known.etag, null, 'what is no tag is not sent back')
  const tagged = { ...known, etag: '"x"' }
  t.strictSame(await resolve([untagged.url], { known: tagged }), tagged, 'a 304 may leave it out')
  const other = leaseHints({ lease: leaseId(2) })
  const lies = resolve([untagged.url], { known: { ...tagged, hints: other } })
  await rejectsCode(t, lies, 'ERR_DIRECTORY_LEASE', 'what is known is of another lease')
})

/** What a broken or a lying directory does, and what that is called. */
const BAD: Readonly<Record<string, readonly [Answered | Says, Code]>> = {
  'HTML with 200': [
    { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Sign in</h1>' },
    'ERR_DIRECTORY_ANSWER',
  ],
  'HTML that says it is JSON': [
    { status: 200, headers: JSON_TYPE, body: '<h1>Sign in</h1>' },
    'ERR_DIRECTORY_ANSWER',
  ],
  nothing: [{ status: 200, headers: JSON_TYPE, body: '' }, 'ERR_DIRECTORY_ANSWER'],
  'no content': [{ status: 204, headers: {}, body: '' }, 'ERR_DIRECTORY_STATUS'],
  'a verdict': [json({ ...HINTS, verdict: 'verified' }), 'ERR_DIRECTORY_ANSWER'],
  '10 MB': [
    { status: 200, headers: JSON_TYPE, body: JSON.stringify(HINTS) + ' '.repeat(10_000_000) },
    'ERR_DIRECTORY_SIZE',
  ],
  'another lease': [json(leaseHints({ lease: leaseId(2) })), 'ERR_DIRECTORY_LEASE'],
  'the same lease of another owner': [
    json(leaseHints({ lease: { ...ID, owner: addressOf(9) } })),
    'ERR_DIRECTORY_LEASE',
  ],
  'an older order of the lease': [
    json(leaseHints({ lease: { ...ID, oseq: 2 } })),
    'ERR_DIRECTORY_LEASE',
  ],
  'no endpoint': [json(leaseHints({ endpoints: [] })), 'ERR_DIRECTORY_SERVICE'],
  'endpoint without TLS': [
    json(leaseHints({ endpoints: [endpointHint({ url: 'http://web.example/' })] })),
    'ERR_DIRECTORY_ANSWER',
  ],
  redirect: [
    { status: 302, headers: { location: 'https://elsewhere.example/' }, body: '' },
    'ERR_DIRECTORY_REDIRECT',
  ],
  'redirect to itself': [
    ({ path }) => ({ status: 307, headers: { location: path }, body: '' }),
    'ERR_DIRECTORY_REDIRECT',
  ],
  'no lease': [json({}, 404), 'ERR_DIRECTORY_NOT_FOUND'],
  'too many requests': [json({}, 429), 'ERR_DIRECTORY_STATUS'],
  'server error': [json(HINTS, 500), 'ERR_DIRECTORY_STATUS'],
}

for (const [title, [answer, code]] of Object.entries(BAD)) {
  t.test(`directory: ${title} is no answer, and the next one is asked`, async (t) => {
    const bad = await says(t, answer)
    const good = await says(t, json(HINTS))
    await rejectsCode(t, resolve([bad.url]), code)
    t.equal(bad.asked.length, 1, 'asked once, nothing followed')
    t.equal((await resolve([bad.url, good.url])).directory, good.url)
    t.equal((await resolve([good.url, bad.url])).directory, good.url)
    t.equal(bad.asked.length, 2, 'the first answer will do')
  })
}

t.test('directory: a service that one of them does not have', async (t) => {
  const api = leaseHints({ endpoints: [endpointHint({ service: 'api' })] })
  const [old, current] = [await says(t, json(api)), await says(t, json(HINTS))]
  const both = [old.url, current.url]
  t.equal((await resolve(both, { service: 'web' })).directory, current.url)
  t.equal((await resolve(both)).directory, old.url)
  await rejectsCode(t, resolve(both, { service: 'db' }), 'ERR_DIRECTORY_SERVICE')
})

t.test('directory: nobody there, another protocol, a certificate of nobody', async (t) => {
  const gone = await directoryThat(json(HINTS))
  await gone.close()
  const rude = await open(
    t,
    serveBytes((socket) => socket.end('220 smtp\r\n'), null),
  )
  const cut = await open(
    t,
    serveBytes((socket) => {
      socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{')
    }, null),
  )
  const unsigned = await open(
    t,
    serve(() => json(HINTS), mintTls()),
  )
  for (const { url } of [gone, rude, cut, unsigned]) {
    await rejectsCode(t, resolve([url]), 'ERR_DIRECTORY_NETWORK', url)
  }
})

t.test('directory: silent, or one byte at a time', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n'
  const silent = await open(
    t,
    serveBytes(() => {}, null),
  )
  const drip = await open(
    t,
    serveBytes((socket) => {
      socket.write(head)
      const timer = setInterval(() => socket.write(' '), 1)
      socket.on('close', () => clearInterval(timer))
    }, null),
  )
  const good = await says(t, json(HINTS))
  for (const { url } of [silent, drip]) {
    await rejectsCode(t, resolve([url], { timeoutMs: 20 }), 'ERR_DIRECTORY_TIMEOUT')
  }
  // Time enough for the second, which the first has to take in vain.
  const { directory } = await resolve([silent.url, good.url], { timeoutMs: 300 })
  t.equal(directory, good.url)
})

t.test('directory: the caller changes its mind', async (t) => {
  const silent = await open(
    t,
    serveBytes(() => {}, null),
  )
  const good = await says(t, json(HINTS))
  const controller = new AbortController()
  const reason = new Error('enough')
  const asking = resolve([silent.url, good.url], { signal: controller.signal })
  controller.abort(reason)
  await t.rejects(asking, reason)
  t.equal(good.asked.length, 0)
})

t.test('directory: of several failures, the one that says most', async (t) => {
  const [unknown, page] = [
    await says(t, json({}, 404)),
    await says(t, BAD['HTML with 200']?.[0] as Answered),
  ]
  const error = await rejectsCode(t, resolve([unknown.url, page.url]), 'ERR_DIRECTORY_ANSWER')
  t.match(
    error?.message,
    `${unknown.url}: ERR_DIRECTORY_NOT_FOUND, ${page.url}: ERR_DIRECTORY_ANSWER`,
  )
  t.equal((error?.cause as AggregateError | undefined)?.errors.length, 2)
  await rejectsCode(t, resolve([unknown.url, unknown.url]), 'ERR_DIRECTORY_NOT_FOUND')
})

t.test('directory: what a browser shows of a redirect, and of no body', async (t) => {
  const shown = (response: Partial<Response>) =>
    resolve(['https://directory.example'], { fetch: async () => response as Response })
  const headers = new Headers(JSON_TYPE)
  const opaque = { status: 0, type: 'opaqueredirect', headers: new Headers(), body: null } as const
  await rejectsCode(t, shown(opaque), 'ERR_DIRECTORY_REDIRECT')
  await rejectsCode(t, shown({ status: 200, headers, body: null }), 'ERR_DIRECTORY_ANSWER')
  await rejectsCode(t, shown({ status: 0, headers, body: null }), 'ERR_DIRECTORY_STATUS')
})

t.test('directory: how fetch is called', async (t) => {
  const asked: unknown[] = []
  const spy: typeof fetch = async (url, init) => {
    asked.push([url, { ...init, signal: init?.signal instanceof AbortSignal }])
    return new Response(JSON.stringify(HINTS), { headers: JSON_TYPE })
  }
  await resolve(['https://directory.example/'], { fetch: spy })
  t.strictSame(asked, [
    [
      `https://directory.example${leasePath(ID)}`,
      {
        headers: { accept: 'application/json' },
        signal: true,
        redirect: 'manual',
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
      },
    ],
  ])
})

t.test('directory: a wrong call asks nobody', async (t) => {
  const good = await says(t, json(HINTS))
  const wrong: Record<string, readonly [readonly string[], object]> = {
    'no directory': [[], {}],
    'no URL': [['directory.example'], {}],
    'not this machine': [['http://directory.example'], {}],
    credentials: [['https://me:secret@directory.example'], {}],
    'no time': [[good.url], { timeoutMs: 0 }],
    'no limit of time': [[good.url], { timeoutMs: Number.POSITIVE_INFINITY }],
    'an option of nobody': [[good.url], { nonce: 'AAAA' }],
  }
  for (const [title, [directories, options]] of Object.entries(wrong)) {
    await rejectsCode(t, resolve(directories, options), 'ERR_ARGUMENT', title)
  }
  const id = { ...ID, owner: '../../etc' }
  await rejectsCode(t, resolveLease(id, { directories: [good.url], fetch }), 'ERR_LEASE_ID')
  t.equal(good.asked.length, 0)
})

t.test('expectations: from whoever has the very bytes', async (t) => {
  const bytes = expectationsBytes()
  const digest = expectationsDigest(bytes)
  const forged = expectationsBytes(expectations({ name: 'forged' }))
  const [liar, honest] = [
    await open(t, directoryOf([], { [digest]: forged })),
    await open(t, directoryOf([], { [digest]: bytes })),
  ]
  const ask = (...directories: string[]) => fetchExpectations(digest, { directories, fetch })
  t.strictSame(await ask(liar.url, honest.url), {
    digest,
    expectations: expectations(),
    bytes: new Uint8Array(bytes),
    directory: honest.url,
  })
  await rejectsCode(t, ask(liar.url), 'ERR_EXPECTATIONS_DIGEST')
  const none = await open(t, directoryOf([]))
  await rejectsCode(t, ask(none.url), 'ERR_DIRECTORY_NOT_FOUND')
  await rejectsCode(t, ask(none.url, liar.url), 'ERR_EXPECTATIONS_DIGEST')
})

t.test('expectations: too long, unreadable, or not asked for by digest', async (t) => {
  const long = new Uint8Array(DIRECTORY_LIMITS.expectations + 1).fill(0x20)
  const empty = expectationsBytes({})
  const directory = await open(
    t,
    directoryOf([], { [expectationsDigest(long)]: long, [expectationsDigest(empty)]: empty }),
  )
  const ask = (digest: string) => fetchExpectations(digest, { directories: [directory.url], fetch })
  await rejectsCode(t, ask(expectationsDigest(long)), 'ERR_DIRECTORY_SIZE')
  await rejectsCode(t, ask(expectationsDigest(empty)), 'ERR_EXPECTATIONS')
  await rejectsCode(t, ask('latest'), 'ERR_EXPECTATIONS_NAME')
})

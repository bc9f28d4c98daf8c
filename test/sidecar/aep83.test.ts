// SPDX-License-Identifier: Apache-2.0
// AEP-83 byte for byte, against the real server over TLS: what clients of the first sidecar, which is
// written in Go, rely on.

import type { TLSSocket } from 'node:tls'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { nodeTransport } from '../../src/cli/transport.js'
import { fetchEvidence, fetchQuote } from '../../src/client/index.js'
import { systemClock } from '../../src/service/system-clock.js'
import { startSidecar } from '../../src/sidecar/sidecar.js'
import { appraise, authenticity } from '../../src/verify/index.js'
import { AT } from '../fake/amd.js'
import { pattern } from '../fake/nvidia.js'
import { type FakePlatformOptions, fakePlatform } from '../fake/platform.js'
import { hex } from '../helpers.js'
import * as oracle from '../oracle/report-data.js'
import { request, secured } from '../service/sockets.js'

const NONCE = pattern(64, 9)
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

interface Answer {
  readonly status: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

async function started(
  t: Test,
  hardware: FakePlatformOptions = {},
  rawQuotes: 'allow' | 'deny' = 'allow',
) {
  const platform = await fakePlatform(hardware)
  const sidecar = await startSidecar({
    platform,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    listen: { host: '127.0.0.1', port: 0 },
    rawQuotes,
    plainHttp: false,
  })
  t.teardown(() => sidecar.close())
  const port = Number(new URL(sidecar.url).port)
  const ask = async (line: string, headers = '', body = ''): Promise<Answer> => {
    const client = await secured(port)
    client.send(request(line, `Connection: close\r\n${headers}`, body))
    const all = await client.all
    const [head = '', ...rest] = all.split('\r\n\r\n')
    const [status = '', ...fields] = head.split('\r\n')
    const pairs = fields.map((field): [string, string] => {
      const colon = field.indexOf(': ')
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 2)]
    })
    return { status, headers: new Map(pairs), body: rest.join('\r\n\r\n') }
  }
  const quote = (body: string, headers = '') =>
    ask('POST /quote', `Content-Length: ${Buffer.byteLength(body)}\r\n${headers}`, body)
  return { url: sidecar.url, port, platform, ask, quote }
}

const nonceBody = (nonce: Uint8Array, more = ''): string => `{"nonce":"${base64(nonce)}"${more}}`

/** Fields that only say how the bytes travel. */
const TRANSPORT = ['date', 'connection', 'content-length']

/** Status, every field that is no transport's, and the body. */
function same(
  t: Test,
  answer: Answer,
  status: string,
  fields: object,
  body: string,
  title: string,
) {
  t.equal(answer.status, `HTTP/1.1 ${status}`, title)
  const told = [...answer.headers].filter(([name]) => !TRANSPORT.includes(name))
  t.same(Object.fromEntries(told), fields, `${title}: headers`)
  t.equal(answer.body, body, `${title}: body`)
}

const JSON_TYPE = { 'content-type': 'application/json' }
const ERROR_TYPE = {
  'content-type': 'text/plain; charset=utf-8',
  'x-content-type-options': 'nosniff',
}

t.test('aep83: /quote, raw: members, their order and the last new line', async (t) => {
  const { quote, platform } = await started(t)
  const answer = await quote(nonceBody(NONCE))
  const { report, auxblob, cert_chain } = JSON.parse(answer.body)
  const expected =
    `{"report":"${report}","cert_chain":"${cert_chain}","tee_platform":"snp",` +
    `"auxblob":"${auxblob}","tls_bound":false}\n`
  same(t, answer, '200 OK', JSON_TYPE, expected, 'raw')
  t.equal(Buffer.from(report, 'base64').length, 1184)
  t.equal(hex(Buffer.from(report, 'base64').subarray(0x50, 0x90)), hex(NONCE))
  t.equal(auxblob, base64(platform.guest.auxblob))
})

t.test('aep83: /quote, bound: SHA-512 over the key of the connection and the nonce', async (t) => {
  const { quote, port } = await started(t)
  const answer = await quote(nonceBody(NONCE, ',"bind_tls":true'))
  const { report, tls_bound } = JSON.parse(answer.body)
  t.equal(tls_bound, true)
  const { socket } = await secured(port)
  const key = (socket as TLSSocket).getPeerX509Certificate()?.publicKey
  socket.destroy()
  const spki = key?.export({ type: 'spki', format: 'der' }) ?? new Uint8Array()
  const reportData = Buffer.from(report, 'base64').subarray(0x50, 0x90)
  t.equal(hex(reportData), hex(oracle.tls(spki, NONCE)))
})

t.test('aep83: /quote with GPUs: the joined form, and its parts beside it', async (t) => {
  const { quote, ask } = await started(t, { gpus: 2 })
  const answer = JSON.parse((await quote(nonceBody(NONCE))).body)
  t.same(Object.keys(answer), [
    'report',
    'cert_chain',
    'tee_platform',
    'auxblob',
    'gpu_reports',
    'tls_bound',
  ])
  t.equal(answer.tee_platform, 'snp-gpu')
  t.same(
    answer.gpu_reports.map(({ device_index }: { device_index: number }) => device_index),
    [0, 1],
  )
  for (const gpu of answer.gpu_reports) {
    const parts = [gpu.attestation_report, gpu.cec_report ?? '', gpu.certificate_chain]
    const joined = Buffer.concat(parts.map((part: string) => Buffer.from(part, 'base64')))
    t.equal(gpu.report, base64(joined))
    t.match(gpu, { architecture: /^(HOPPER|BLACKWELL)$/, uuid: /^GPU-/ })
  }
  const info = JSON.parse((await ask('GET /info')).body)
  t.same(Object.keys(info), ['tee_platform', 'protocol_version', 'gpu_available', 'tls_public_key'])
  t.equal(info.gpu_available, true)
})

t.test('aep83: /info and /healthz', async (t) => {
  const { ask, port } = await started(t)
  const { socket } = await secured(port)
  const key = (socket as TLSSocket).getPeerX509Certificate()?.publicKey
  socket.destroy()
  const spki = base64(key?.export({ type: 'spki', format: 'der' }) ?? new Uint8Array())
  const expected = `{"tee_platform":"snp","protocol_version":"4","tls_public_key":"${spki}"}\n`
  same(t, await ask('GET /info'), '200 OK', JSON_TYPE, expected, '/info')
  const text = { 'content-type': 'text/plain; charset=utf-8' }
  same(t, await ask('GET /healthz'), '200 OK', text, 'ok', '/healthz')
  same(t, await ask('GET /info?a=b'), '200 OK', JSON_TYPE, expected, '/info with a query')
})

t.test('aep83: HEAD is answered where GET is, without a body', async (t) => {
  const { ask } = await started(t)
  for (const path of ['/info', '/healthz']) {
    const get = await ask(`GET ${path}`)
    const head = await ask(`HEAD ${path}`)
    t.equal(head.status, 'HTTP/1.1 200 OK')
    t.equal(head.body, '')
    t.equal(head.headers.get('content-type'), get.headers.get('content-type'))
    t.equal(head.headers.get('content-length'), `${get.body.length}`)
  }
})

t.test('aep83: other methods and other paths, as the router of Go 1.22', async (t) => {
  const { ask } = await started(t)
  const refused: [line: string, allow: string][] = [
    ['GET /quote', 'POST'],
    ['HEAD /quote', 'POST'],
    ['PUT /quote', 'POST'],
    ['DELETE /quote', 'POST'],
    ['PATCH /quote', 'POST'],
    ['OPTIONS /quote', 'POST'],
    ['POST /info', 'GET, HEAD'],
    ['POST /healthz', 'GET, HEAD'],
    ['OPTIONS /info', 'GET, HEAD'],
  ]
  for (const [line, allow] of refused) {
    const body = line.startsWith('HEAD') ? '' : 'Method Not Allowed\n'
    const fields = { ...ERROR_TYPE, allow }
    same(t, await ask(line), '405 Method Not Allowed', fields, body, line)
  }
  for (const line of ['GET /', 'POST /nothing', 'GET /quote/', 'GET /INFO', 'GET /info/x']) {
    same(t, await ask(line), '404 Not Found', ERROR_TYPE, '404 page not found\n', line)
  }
})

t.test('aep83: any content type will do, none too', async (t) => {
  const { quote } = await started(t)
  for (const type of [
    '',
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'x',
  ]) {
    const { status } = await quote(nonceBody(NONCE), type && `Content-Type: ${type}\r\n`)
    t.equal(status, 'HTTP/1.1 200 OK', type)
  }
})

t.test('aep83: requests that Go understands are understood', async (t) => {
  const { quote } = await started(t)
  const nonce = base64(NONCE)
  for (const body of [
    `{"NONCE":"${nonce}","Bind_TLS":false}`,
    `{"nonce":"${nonce}","other":[1,{"a":null}]}`,
    `{"nonce":"${nonce}","bind_tls":null}`,
    ` \n{ "bind_tls" : true , "nonce" : "${nonce}" }\r\n`,
  ]) {
    t.equal((await quote(body)).status, 'HTTP/1.1 200 OK', body.replace(nonce, '…'))
  }
})

t.test('aep83: what is wrong with a request is 400, one line of plain text', async (t) => {
  const { quote, platform } = await started(t)
  const nonce = base64(NONCE)
  const table: [body: string, code: string][] = [
    ['', 'ERR_REQUEST_BODY'],
    ['{', 'ERR_REQUEST_BODY'],
    ['[]', 'ERR_REQUEST_BODY'],
    ['null', 'ERR_REQUEST_BODY'],
    ['{}', 'ERR_REQUEST_NONCE'],
    ['{"nonce":64}', 'ERR_REQUEST_NONCE'],
    [nonceBody(pattern(63, 1)), 'ERR_REQUEST_NONCE'],
    [nonceBody(pattern(65, 1)), 'ERR_REQUEST_NONCE'],
    ['{"nonce":""}', 'ERR_REQUEST_NONCE'],
    [`{"nonce":"${nonce.slice(0, -2)}"}`, 'ERR_REQUEST_NONCE'],
    [
      `{"nonce":"${nonce.replaceAll('+', '-').replaceAll('/', '_').slice(0, -2)}"}`,
      'ERR_REQUEST_NONCE',
    ],
    [`{"nonce":"${nonce.slice(0, -3)}${nonce.at(-3) === 'B' ? 'C' : 'B'}=="}`, 'ERR_REQUEST_NONCE'],
    [`{"nonce":"${nonce}","bind_tls":"true"}`, 'ERR_REQUEST_FIELD'],
    [`{"nonce":"${nonce}","bind_tls":1}`, 'ERR_REQUEST_FIELD'],
  ]
  for (const [body, code] of table) {
    const answer = await quote(body)
    same(t, answer, '400 Bad Request', ERROR_TYPE, answer.body, body.slice(0, 20))
    t.match(answer.body, new RegExp(`^${code}: [^\\n]+\\n$`), body.slice(0, 20))
  }
  t.equal(platform.asked.length, 0, 'the hardware has not been asked')
})

t.test('aep83: a body that is larger than any request is refused unread', async (t) => {
  const { quote } = await started(t)
  const answer = await quote(nonceBody(NONCE, `,"x":"${'x'.repeat(4096)}"`))
  same(t, answer, '413 Payload Too Large', ERROR_TYPE, answer.body, 'large')
  t.match(answer.body, /^ERR_REQUEST_SIZE: [^\n]+\n$/)
})

t.test(
  'aep83: a device that fails is 503 with its code; what failed inside stays inside',
  async (t) => {
    const { quote } = await started(t, {
      before: () => {
        throw new Error('secret of the kernel')
      },
    })
    const answer = await quote(nonceBody(NONCE))
    t.match(answer.status, /^HTTP\/1.1 50[03] /)
    t.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    t.match(answer.body, /^ERR_\w+: [^\n]+\n$/)
    t.notMatch(answer.body, /secret/)
  },
)

t.test('aep83: raw mode that is denied is 403, and bound mode goes on', async (t) => {
  const { quote } = await started(t, {}, 'deny')
  const answer = await quote(nonceBody(NONCE))
  same(t, answer, '403 Forbidden', ERROR_TYPE, answer.body, 'raw')
  t.match(answer.body, /^ERR_RAW_DENIED: /)
  t.equal((await quote(nonceBody(NONCE, ',"bind_tls":true'))).status, 'HTTP/1.1 200 OK')
})

t.test('aep83: a body in chunks, and two requests on one connection', async (t) => {
  const { port } = await started(t)
  const client = await secured(port)
  const body = nonceBody(NONCE)
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  client.send(request('POST /quote', 'Transfer-Encoding: chunked\r\n', chunked))
  await client.until('"tls_bound":false}\n')
  client.send(request('GET /healthz', 'Connection: close\r\n'))
  t.equal((await client.all).match(/HTTP\/1.1 200 OK/g)?.length, 2)
})

t.test('aep83: our own client verifies what it is served, in each mode', async (t) => {
  const { url, platform } = await started(t)
  const transport = nodeTransport()
  const base = { url, transport, nonce: NONCE }
  const judged = {
    raw: await fetchQuote(base),
    tls: await fetchQuote({ ...base, bindTls: true }),
    bound: await fetchEvidence({ ...base, bind: ['tls', 'hpke'] }),
    batch: await fetchEvidence({ ...base, bind: ['tls'], batch: true }),
  }
  for (const [mode, { evidence, channelSpki }] of Object.entries(judged)) {
    t.equal(evidence.mode, mode)
    const { amd } = platform.guest
    const { result, findings } = await appraise({
      evidence,
      challenge: { nonce: NONCE, channelSpki },
      endorsements: [...amd.chain],
      roots: [amd.ark],
      policy: authenticity(),
      at: AT,
    })
    const open = findings.filter(({ outcome }) => outcome !== 'pass').map(({ check }) => check)
    t.same(open, [], mode)
    t.equal(result, 'verified', mode)
  }
})

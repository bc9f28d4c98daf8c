// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { request, tcp } from '../service/sockets.js'
import { assay } from './terminal.js'

const ROOT = ['--root', mkdtempSync(path.join(tmpdir(), 'assay-bare-'))]

t.test('sidecar: listens as it is told, and ends well', async (t) => {
  const stop = new AbortController()
  const lines: Record<string, unknown>[] = []
  let answer = Promise.resolve('')
  const onErr = (text: string) => {
    const line = JSON.parse(text)
    lines.push(line)
    if (line.level !== 'error') return
    answer = (async () => {
      const client = await tcp(Number(new URL(String(lines[0]?.url)).port))
      client.send(request('GET /healthz'))
      const all = await client.all
      stop.abort()
      return all
    })()
  }
  const argv = ['sidecar', '--listen', '127.0.0.1:0', '--plain-http', '--raw-quotes', 'deny']
  const { code, out } = await assay([...argv, ...ROOT], { onErr, stop: stop.signal })
  t.equal(code, 0)
  t.equal(out, '')
  t.match(await answer, /^HTTP\/1.1 503 [\s\S]*ERR_DEVICE_ABSENT: /)
  t.match(lines, [
    { msg: 'listening', url: /^http:\/\/127\.0\.0\.1:\d+$/, rawQuotes: 'deny' },
    { level: 'error', code: 'ERR_DEVICE_ABSENT' },
    { msg: 'stopped' },
  ])
})

t.test('sidecar: a call that is wrong is refused as everywhere', async (t) => {
  for (const [argv, code] of [
    [['--listen', 'nowhere'], 'ERR_ARGUMENT'],
    [['--plain-http'], 'ERR_ARGUMENT'],
    [['--raw-quotes', 'maybe'], 'ERR_ARGUMENT'],
    [['--mock'], 'ERR_USAGE'],
    [['--listen', ':1', '--listen', ':2'], 'ERR_USAGE'],
  ] as const) {
    const ran = await assay(['sidecar', ...argv, ...ROOT])
    t.equal(ran.code, 30, argv.join(' '))
    t.match(ran.err, new RegExp(`^assay: ${code}: `))
  }
  const env = { ATTESTATION_LISTEN_ADDR: 'nowhere' }
  t.match(await assay(['sidecar', ...ROOT], { env }), { code: 30, err: /ATTESTATION_LISTEN_ADDR/ })
})

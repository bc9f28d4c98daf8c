// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { Authority } from '../fake/authority.js'
import { POLICY } from '../fake/reviews.js'
import { request, secured } from '../service/sockets.js'
import { SecretVolume } from '../webhook/tls-world.js'
import { assay } from './terminal.js'

const { names } = new SecretVolume(new Authority().issue())
const FILES = ['--tls-cert', names.cert, '--tls-key', names.key]
const CHOICE = ['--sidecar-image', POLICY.sidecarImage, '--platform', 'snp']

t.test('webhook: listens as it is told, and ends well', async (t) => {
  const stop = new AbortController()
  const lines: Record<string, unknown>[] = []
  let answer = Promise.resolve('')
  const onErr = (text: string) => {
    const line = JSON.parse(text)
    lines.push(line)
    if (line.msg !== 'serving') return
    answer = (async () => {
      const client = await secured(Number(new URL(line.url).port))
      client.send(request('GET /readyz', 'Connection: close\r\n'))
      const all = await client.all
      stop.abort()
      return all
    })()
  }
  const argv = ['webhook', ...FILES, ...CHOICE, '--listen', '127.0.0.1:0', '--shutdown-delay', '0']
  const ran = await assay([...argv, '--native-sidecar', '--carve-resources'], {
    onErr,
    stop: stop.signal,
  })
  t.match(ran, { code: 0, out: '' })
  t.match(await answer, /^HTTP\/1.1 200 OK/)
  t.match(lines[1], { msg: 'serving', ...POLICY, nativeSidecar: true, carveResources: true })
  t.equal(lines.at(-1)?.msg, 'stopped')
})

t.test('webhook: a call that is wrong is refused as everywhere', async (t) => {
  for (const [argv, code] of [
    [CHOICE, 'ERR_USAGE'],
    [FILES, 'ERR_USAGE'],
    [[...FILES, ...CHOICE, '--log-level', 'all'], 'ERR_ARGUMENT'],
    [[...FILES, ...CHOICE, '--tls-key', 'other'], 'ERR_USAGE'],
    [[...FILES, ...CHOICE, '--mock'], 'ERR_USAGE'],
  ] as const) {
    const ran = await assay(['webhook', ...argv])
    t.equal(ran.code, 30, argv.join(' '))
    t.match(ran.err, new RegExp(`^assay: ${code}: `))
  }
})

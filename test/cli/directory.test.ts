// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { assay } from './terminal.js'

t.test('directory: serves as it is told, and ends well', async (t) => {
  const stop = new AbortController()
  const lines: Record<string, unknown>[] = []
  let answer: Promise<Response> | undefined
  const onErr = (text: string) => {
    const line = JSON.parse(text)
    lines.push(line)
    if (line.msg !== 'serving') return
    const { url } = lines.find(({ msg }) => msg === 'listening') as { url: string }
    answer = fetch(`${url}/openapi.json`, { headers: { connection: 'close' } })
    answer.finally(() => stop.abort())
  }
  const argv = ['directory', '--listen', '127.0.0.1:0', '--max-age', '5']
  const { code, out } = await assay(argv, { onErr, stop: stop.signal })
  t.equal(code, 0)
  t.equal(out, '')
  t.equal((await answer)?.status, 200)
  t.match(
    lines.map(({ msg }) => msg),
    [/^no --source/, 'listening', 'serving', 'stopping', 'stopped'],
  )
})

t.test('directory: a call that is wrong is refused as everywhere', async (t) => {
  for (const [argv, code] of [
    [['--source', 'etcd'], 'ERR_ARGUMENT'],
    [['--source', 'kube', '--source', 'kube'], 'ERR_USAGE'],
    [['--gateway', 'https://x'], 'ERR_USAGE'],
    [['--tls'], 'ERR_USAGE'],
  ] as const) {
    const ran = await assay(['directory', ...argv])
    t.equal(ran.code, 30, argv.join(' '))
    t.match(ran.err.trim().split('\n').at(-1), new RegExp(`^assay: ${code}: `))
  }
})

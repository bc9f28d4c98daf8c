// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { exampleSource } from '../../src/directory/example.js'
import { type ServiceOptions, serve } from '../../src/directory/service.js'
import { readSettings } from '../../src/directory/settings.js'
import type { Source } from '../../src/directory/source.js'
import { openSource, random } from '../../src/directory/sources.js'
import { leasePath } from '../../src/discovery/index.js'
import { AttestationError } from '../../src/errors.js'
import { rejectsCode } from '../helpers.js'
import { HandClock, settled } from '../service/hand-clock.js'
import { request, tcp } from '../service/sockets.js'
import { recorded } from './recorded.js'

const OWNER = 'akash1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq7cdc78'
const EXAMPLE = leasePath({ owner: OWNER, dseq: '1', gseq: 1, oseq: 1 })

async function running(t: Test, change: Partial<ServiceOptions> = {}, argv: string[] = []) {
  const clock = new HandClock(new Date())
  const { lines, log } = recorded('info')
  const stop = new AbortController()
  const settings = readSettings(['--listen', '127.0.0.1:0', ...argv])
  const source = exampleSource()
  const ended = serve({ settings, clock, log, source, stop: stop.signal, ...change })
  ended.catch(() => {})
  t.teardown(async () => {
    stop.abort()
    await ended.catch(() => {})
  })
  const said = async (msg: string) => {
    while (!lines.some((line) => line.msg === msg)) await settled()
    return lines.find((line) => line.msg === msg)
  }
  const { url } = (await said('listening')) as { url: string }
  const port = Number(new URL(url).port)
  const ask = async (line: string) => {
    const client = await tcp(port)
    client.send(request(line, 'Connection: close\r\n'))
    return client.all
  }
  return { clock, lines, stop, ended, said, port, ask }
}

t.test('service: serves until it is told to stop', async (t) => {
  const { said, ask, stop, ended, lines, port } = await running(t)
  t.match(await said('listening'), { url: /^http:\/\/127\.0\.0\.1:/, source: 'example' })
  t.match(await said('serving'), { leases: 1, endpoints: 1, expectations: 1 })
  t.match(await ask(`GET ${EXAMPLE}`), /^HTTP\/1.1 200 OK[\s\S]*sidecar\.example\.com/)
  const listener = await tcp(port)
  listener.send(request('GET /v1/stream'))
  await listener.until('retry: ')
  t.match(await ask('GET /metrics'), /^assay_connections_open 2$/m)
  stop.abort()
  await listener.all
  await ended
  t.same(
    lines.map(({ msg }) => msg),
    [
      'no --source: this directory serves one lease that nobody has, to look at',
      'listening',
      'serving',
      'stopping',
      'stopped',
    ],
  )
})

t.test('service: a stream outlives the deadline of other answers', async (t) => {
  const { port, clock } = await running(t)
  const listener = await tcp(port)
  listener.send(request('GET /v1/stream'))
  await listener.until('retry: ')
  await clock.pass(60_000)
  await listener.until('still here')
  t.equal(listener.socket.closed, false)
})

t.test('service: until its source is there it says so, and can be told to stop', async (t) => {
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const slow = (): Source & { closed: boolean } => ({
    connected: false,
    closed: false,
    start: () => gate,
    async close() {
      this.closed = true
    },
  })
  const source = slow()
  const { ask, said } = await running(t, { source })
  t.match(await ask('GET /readyz'), /^HTTP\/1.1 503 [\s\S]*ERR_SOURCE_WAITING/)
  t.match(await ask('GET /healthz'), /^HTTP\/1.1 200 /)
  open()
  await said('serving')
  t.match(await ask('GET /readyz'), /^HTTP\/1.1 200 /)
  const other = slow()
  other.start = () => new Promise(() => {})
  const stopped = await running(t, { source: other })
  stopped.stop.abort()
  await stopped.ended
  t.ok(other.closed)
  t.notOk(stopped.lines.some(({ msg }) => msg === 'serving'))
})

t.test('service: what cannot be served to begin with ends it', async (t) => {
  const source: Source = {
    connected: false,
    start: async () => {
      throw new AttestationError('ERR_SOURCE_DOCUMENT', 'wrong')
    },
    close: async () => {},
  }
  const { ended, port } = await running(t, { source })
  await rejectsCode(t, ended, 'ERR_SOURCE_DOCUMENT')
  await t.rejects(tcp(port), 'nobody listens there any more')
})

t.test('service: an address that is taken is refused', async (t) => {
  const { port } = await running(t)
  const settings = readSettings(['--listen', `127.0.0.1:${port}`])
  const { log } = recorded()
  const { signal } = new AbortController()
  const source = exampleSource()
  const options = { settings, clock: new HandClock(), log, source, stop: signal }
  await rejectsCode(t, serve(options), 'ERR_ARGUMENT')
})

t.test('service: requests that leave no line but a number', async (t) => {
  const { ask, lines, port } = await running(t, {}, ['--rate-limit', '1'])
  for (let at = 0; at < 3; at++) await ask('GET /healthz?secret')
  t.match(await ask('GET /healthz'), /ERR_REQUEST_RATE/)
  const rude = await tcp(port)
  rude.send('nonsense\r\n\r\n')
  t.match(await rude.all, /ERR_REQUEST_HTTP/)
  t.notMatch(JSON.stringify(lines), /secret/)
})

t.test('sources: what the settings name', async (t) => {
  const { log } = recorded()
  const inside = { KUBERNETES_SERVICE_HOST: '192.0.2.1', KUBERNETES_SERVICE_PORT: '443' }
  const world = { clock: new HandClock(), log, env: {} }
  t.equal((await openSource({ kind: 'example' }, world)).connected, true)
  t.equal((await openSource({ kind: 'file', file: 'none.json' }, world)).connected, false)
  const kube = { kind: 'kube', nodeHost: null, gateway: null, expectations: null } as const
  const source = await openSource({ ...kube, kubeconfig: null }, { ...world, env: inside })
  t.equal(source.connected, false)
  await source.close()
  const drawn = Array.from({ length: 100 }, random)
  t.ok(drawn.every((one) => one >= 0 && one < 1))
  t.ok(new Set(drawn).size > 90, 'replicas do not come back all at once')
  await rejectsCode(t, openSource({ ...kube, kubeconfig: null }, world), 'ERR_ARGUMENT')
  await rejectsCode(t, openSource({ ...kube, kubeconfig: '/nothing' }, world), 'ERR_ARGUMENT')
  const kubeconfig = path.join(mkdtempSync(path.join(tmpdir(), 'assay-kubeconfig-')), 'config')
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1' } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  const outside = await openSource({ ...kube, kubeconfig }, world)
  t.equal(outside.connected, false)
  await outside.close()
})

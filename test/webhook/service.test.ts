// SPDX-License-Identifier: Apache-2.0
// The webhook on real sockets: certificates that change while reviews are under way, clients with and
// without certificates, and an end that loses nobody.

import { once } from 'node:events'
import { Agent, request as httpsRequest } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { createLog } from '../../src/service/log.js'
import { serve } from '../../src/webhook/service.js'
import { readSettings } from '../../src/webhook/settings.js'
import { Authority } from '../fake/authority.js'
import { confidentialPod, POLICY, plainPod, review } from '../fake/reviews.js'
import { HandClock, settled } from '../service/hand-clock.js'
import { request, secured } from '../service/sockets.js'
import { mixed, type Secret, SecretVolume } from './tls-world.js'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const GRACE_MS = 10_000
const TURNS = 20
const authority = new Authority()
const BODY = JSON.stringify(review(confidentialPod()))

interface Answer {
  readonly status: number
  readonly body: string
  readonly connection: string | undefined
  /** Of the certificate that the connection stands under. */
  readonly serial: string
}

interface Asked {
  readonly agent?: Agent
  readonly client?: { readonly cert: string; readonly key: string }
  readonly path?: string
}

const serials = new WeakMap<TLSSocket, string>()

/** A client of Node's is told the certificate of a connection once. */
function serialOf(socket: TLSSocket): string {
  const serial = serials.get(socket) ?? socket.getPeerX509Certificate()?.serialNumber ?? ''
  serials.set(socket, serial)
  return serial
}

/** One request, with the certificate checked as an API server does. */
function ask(port: number, { agent, client, path = '/mutate?timeout=5s' }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      {
        port,
        host: '127.0.0.1',
        servername: 'assay-webhook.assay-system.svc',
        ca: authority.cert,
        path,
        method: path.startsWith('/mutate') ? 'POST' : 'GET',
        headers: { 'content-type': 'application/json' },
        agent: agent ?? new Agent({ keepAlive: false }),
        ...client,
      },
      (response) => {
        const serial = serialOf(response.socket as TLSSocket)
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          body += chunk
        })
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode as number,
            body,
            connection: response.headers.connection,
            serial,
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(path.startsWith('/mutate') ? BODY : undefined)
  })
}

const isInjected = ({ status, body }: Answer): boolean =>
  status === 200 && JSON.parse(body).response.patchType === 'JSONPatch'

async function running(t: Test, first: Secret | null, argv: readonly string[] = []) {
  const volume = new SecretVolume(first)
  const clock = new HandClock(new Date())
  const lines: Record<string, unknown>[] = []
  const log = createLog('info', { write: (line) => lines.push(JSON.parse(line)) })
  const stop = new AbortController()
  const { cert, key, clientCa } = volume.names
  const settings = readSettings(
    [
      ...['--listen', '127.0.0.1:0', '--tls-cert', cert, '--tls-key', key],
      ...['--sidecar-image', POLICY.sidecarImage, '--platform', POLICY.platform],
      ...(clientCa === null ? [] : ['--client-ca', clientCa]),
      ...argv,
    ],
    {},
  )
  let isOver = false
  const ended = serve({ settings, clock, log, stop: stop.signal }).finally(() => {
    isOver = true
  })
  const said = async (msg: string | RegExp) => {
    const isIt = (line: Record<string, unknown>) =>
      typeof msg === 'string' ? line.msg === msg : msg.test(`${line.msg}`)
    while (!lines.some(isIt)) await settled()
    return lines.find(isIt)
  }
  /**
   * Lets the files be looked at, again and again, until it has had its effect; with so many turns of the
   * event loop between two looks that no answer seems to take too long.
   */
  const until = async (isSo: () => boolean) => {
    for (let turn = 0; !isSo(); turn++) {
      if (turn % TURNS === 0) await clock.pass(1_000)
      else await settled()
    }
  }
  const port = async () => Number(new URL(`${(await said('serving'))?.url}`).port)
  t.teardown(async () => {
    stop.abort()
    while (!isOver) await clock.pass(1_000)
    await ended
  })
  return { volume, clock, lines, stop, ended, said, until, port, isOver: () => isOver }
}

t.test('service: serves what was asked for, and says what it does', async (t) => {
  const { port, said, lines } = await running(t, authority.issue(), ['--native-sidecar'])
  t.ok(isInjected(await ask(await port(), {})))
  t.match(await said('serving'), { ...POLICY, nativeSidecar: true })
  const health = await ask(await port(), { path: '/healthz' })
  t.match(health, { status: 200, body: 'ok\n', connection: 'close' })
  const standing = await secured(await port())
  standing.send(request('GET /healthz'))
  const [, timeout] = /^keep-alive: timeout=(\d+)/im.exec(await standing.until('ok\n')) ?? []
  t.ok(Number(timeout) > 90, 'the API server is the first to end a connection that is idle')
  standing.socket.destroy()
  t.match((await ask(await port(), { path: '/metrics' })).body, /^assay_connections_open 1$/m)
  t.notOk(lines.some(({ level }) => level === 'warn' || level === 'error'))
})

t.test('service: certificates change under reviews, and none is lost', async (t) => {
  const secrets = Array.from({ length: 6 }, () => authority.issue())
  const { port, volume, lines, until } = await running(t, secrets[0] as Secret)
  const to = await port()
  const standing = new Agent({ keepAlive: true, maxSockets: 4 })
  t.teardown(() => standing.destroy())
  const failures: unknown[] = []
  const shown = new Set<string>()
  let answered = 0
  let isOver = false
  const client = async (agent?: Agent) => {
    while (!isOver) {
      try {
        const answer = await ask(to, agent ? { agent } : {})
        if (!isInjected(answer)) failures.push(answer)
        if (!agent) shown.add(answer.serial)
        answered++
      } catch (error) {
        failures.push(error)
      }
    }
  }
  const clients = [...Array.from({ length: 4 }, () => client(standing)), client(), client()]
  const more = async (count: number) => {
    const least = answered + count
    while (answered < least) await settled()
  }
  const inUse = () => lines.filter(({ msg }) => msg === 'certificate in use').length
  for (const secret of secrets.slice(1)) {
    await more(40)
    volume.put(secret)
    const before = inUse()
    await until(() => inUse() > before)
    await more(40)
  }
  isOver = true
  await Promise.all(clients)
  t.same(failures, [])
  t.equal(shown.size, secrets.length, 'each has been shown to new connections')
  t.ok(answered >= 400)
  t.match((await ask(to, { path: '/metrics' })).body, /^assay_certificate_reloads_total 5$/m)
})

t.test('service: a connection outlives the certificate that it began with', async (t) => {
  const { port, volume, lines, until } = await running(t, authority.issue())
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const before = await ask(await port(), { agent })
  volume.put(authority.issue())
  await until(() => lines.filter(({ msg }) => msg === 'certificate in use').length === 2)
  const after = await ask(await port(), { agent })
  t.equal(after.serial, before.serial)
  t.not((await ask(await port(), {})).serial, before.serial)
})

t.test('service: files of no use leave all as it is, and everybody can see it', async (t) => {
  const [first, second] = [authority.issue(), authority.issue()]
  const { port, volume, said, lines, clock, until } = await running(t, first)
  const { serial } = await ask(await port(), {})
  volume.put(mixed(first, second))
  await until(() => lines.some(({ code }) => code === 'ERR_TLS_FILES'))
  t.match(await said(/--tls-key/), { level: 'error', kept: true })
  t.equal((await ask(await port(), {})).serial, serial)
  const ready = await ask(await port(), { path: '/readyz' })
  t.match(ready, { status: 200, body: /^ok\nwarning: ERR_TLS_FILES: / })
  const { body } = await ask(await port(), { path: '/metrics' })
  t.match(body, /^assay_certificate_reload_failures_total [1-9]/m)
  const count = () => lines.filter(({ msg }) => /ERR_TLS_FILES/.test(`${msg}`)).length
  const told = count()
  await clock.pass(HOUR_MS - 60_000)
  t.equal(count(), told, 'not every second')
  await until(() => count() > told)
  t.equal(count(), told + 1, 'but every hour')
  volume.put(second)
  await until(() => lines.filter(({ msg }) => msg === 'certificate in use').length === 2)
  t.equal((await ask(await port(), { path: '/readyz' })).body, 'ok\n')
})

t.test('service: no longer ready when the certificate has ended, and warned before', async (t) => {
  const end = { notAfter: new Date(Date.now() + 30 * DAY_MS) }
  const { port, lines, clock, until } = await running(t, authority.issue(end))
  const to = await port()
  clock.skew = 29 * DAY_MS
  await until(() => lines.some(({ msg }) => /^the certificate ends at/.test(`${msg}`)))
  const probe = async () => {
    const client = await secured(to)
    client.send(request('GET /readyz', 'Connection: close\r\n'))
    return client.all
  }
  t.match(await probe(), /^HTTP\/1.1 200 [\s\S]*warning: the certificate ends at/)
  clock.skew = 31 * DAY_MS
  t.match(await probe(), /^HTTP\/1.1 503 [\s\S]*ERR_TLS_VALIDITY: /)
  await clock.pass(HOUR_MS)
  await until(() => lines.some(({ code }) => code === 'ERR_TLS_VALIDITY'))
  t.match(lines.at(-1), { level: 'warn' })
})

t.test('service: with --client-ca, reviews only of those who have a certificate', async (t) => {
  const secret = { ...authority.issue(), clientCa: authority.cert }
  const { port, volume, until, lines } = await running(t, secret)
  const client = authority.issue({ client: true })
  const to = await port()
  t.ok(isInjected(await ask(to, { client })))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  for (let time = 0; time < 3; time++) t.ok(isInjected(await ask(to, { client, agent })))
  const anonymous = await ask(to, {})
  t.match(anonymous, { status: 403, body: /^ERR_CLIENT_CERTIFICATE: / })
  const stranger = new Authority('of somebody else').issue({ client: true })
  t.equal((await ask(to, { client: stranger })).status, 403)
  t.equal((await ask(to, { path: '/readyz' })).status, 200, 'probes have none')
  volume.put({ ...secret, clientCa: new Authority('the next').cert })
  await until(() => lines.filter(({ msg }) => msg === 'certificate in use').length === 2)
  t.equal((await ask(to, { client })).status, 403, 'the CA is reloaded as well')
})

t.test('service: who takes up a session without a certificate still has none', async (t) => {
  const secret = { ...authority.issue(), clientCa: authority.cert }
  const { port } = await running(t, secret)
  const to = { port: await port(), host: '127.0.0.1', rejectUnauthorized: false }
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = connect({ ...to, maxVersion })
    const line = `Content-Length: ${BODY.length}\r\nContent-Type: application/json\r\n`
    first.write(request('GET /healthz'))
    const [session] = (await once(first, 'session')) as [Buffer]
    first.destroy()
    const client = await secured(to.port, { maxVersion, session })
    t.equal((client.socket as TLSSocket).isSessionReused(), true, maxVersion)
    client.send(request('POST /mutate', `${line}Connection: close\r\n`, BODY))
    t.match(await client.all, /^HTTP\/1.1 403 [\s\S]*ERR_CLIENT_CERTIFICATE/, maxVersion)
  }
})

t.test('service: told to end, it is not ready at once, and serves on for a while', async (t) => {
  const { port, stop, clock, said, isOver, lines } = await running(t, authority.issue())
  const to = await port()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  await ask(to, { agent })
  const slow = await secured(to)
  const head = `Content-Length: ${BODY.length}\r\nContent-Type: application/json\r\n`
  stop.abort()
  await said('stopping')
  t.match(await ask(to, { path: '/readyz' }), { status: 503, body: /^ERR_SHUTDOWN: / })
  const standing = await ask(to, { agent })
  t.ok(isInjected(standing), 'on a connection that stands')
  t.equal(standing.connection, 'close', 'which is told to go elsewhere')
  t.ok(isInjected(await ask(to, {})), 'on a new one')
  await clock.pass(GRACE_MS - 1)
  t.ok(isInjected(await ask(to, {})))
  slow.send(request('POST /mutate', head, BODY.slice(0, 10)))
  await settled()
  t.equal(isOver(), false)
  slow.send(BODY.slice(10))
  t.match(await slow.until('"uid"'), /^HTTP\/1.1 200 /)
  await clock.pass(1)
  while (!isOver()) await settled()
  await t.rejects(ask(to, {}))
  t.equal(lines.at(-1)?.msg, 'stopped')
  t.equal(clock.pending, 0, 'nothing is left behind')
})

t.test('service: waits for a certificate, and ends when told while it waits', async (t) => {
  const { volume, said, port, until, lines } = await running(t, null)
  t.match(await said(/--tls-cert cannot be read/), { code: 'ERR_TLS_FILES', kept: false })
  volume.put(authority.issue())
  await until(() => lines.some(({ msg }) => msg === 'serving'))
  t.ok(isInjected(await ask(await port(), {})))
  const other = await running(t, null)
  await other.said(/cannot be read/)
  other.stop.abort()
  await other.ended
  t.notOk(other.lines.some(({ msg }) => msg === 'serving'))
})

t.test('service: an image without a digest is worth a warning', async (t) => {
  const { said, port } = await running(t, authority.issue(), ['--sidecar-image', 'sidecar:1'])
  t.match(await said(/by tag/), { level: 'warn' })
  t.equal(JSON.parse((await ask(await port(), {})).body).response.allowed, true)
})

t.test('service: reviews in one piece are answered one by one', async (t) => {
  const { port } = await running(t, authority.issue())
  const body = JSON.stringify(review(plainPod()))
  const client = await secured(await port())
  const head = `Content-Length: ${body.length}\r\nContent-Type: application/json\r\n`
  client.send(request('POST /mutate', head, body).repeat(3))
  const all = async () => {
    while (client.soFar().split('"uid"').length < 4) await settled()
    return client.soFar()
  }
  t.equal((await all()).match(/HTTP\/1.1 200 OK/g)?.length, 3, 'one after the other')
  client.socket.destroy()
})

// SPDX-License-Identifier: Apache-2.0

import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { rmSync } from 'node:fs'
import t from 'tap'
import { createLog } from '../../src/service/log.js'
import { checkTlsFiles, readTlsFiles, TlsFiles } from '../../src/webhook/tls-files.js'
import { Authority } from '../fake/authority.js'
import { rejectsCode, throwsCode } from '../helpers.js'
import { HandClock, settled } from '../service/hand-clock.js'
import { mixed, type Secret, SecretVolume } from './tls-world.js'

const DAY_MS = 86_400_000
const authority = new Authority()
const [first, second] = [authority.issue(), authority.issue()]
const days = (from: number, to: number) => ({
  notBefore: new Date(Date.now() + from * DAY_MS),
  notAfter: new Date(Date.now() + to * DAY_MS),
})

function files(start: Secret | null) {
  const volume = new SecretVolume(start)
  const clock = new HandClock(new Date())
  const lines: Record<string, unknown>[] = []
  const log = createLog('info', { write: (line) => lines.push(JSON.parse(line)) })
  const errors = () => lines.filter(({ level }) => level === 'error')
  return { volume, clock, lines, errors, files: new TlsFiles({ names: volume.names, clock, log }) }
}

t.test('tls-files: what is swapped in is put into use, once', async (t) => {
  const it = files(first)
  t.match(await it.files.first(new AbortController().signal), first)
  t.equal(await it.files.look(), null, 'nothing has changed')
  it.volume.put(second)
  t.match(await it.files.look(), second)
  t.equal(await it.files.look(), null)
  it.volume.put(second)
  t.equal(await it.files.look(), null, 'the same content in other files')
  t.same(it.files.reloads, { done: 1, failed: 0 })
  const { validFrom, validTo } = new X509Certificate(second.cert)
  t.same(it.files.state, {
    notBefore: new Date(validFrom),
    notAfter: new Date(validTo),
    trouble: null,
  })
})

t.test('tls-files: of no use, they are not used, and it is said', async (t) => {
  const it = files(first)
  await it.files.first(new AbortController().signal)
  it.volume.put(mixed(first, second))
  t.equal(await it.files.look(), null)
  t.equal(await it.files.look(), null)
  t.match(it.files.state, { trouble: { code: 'ERR_TLS_FILES' } })
  t.same(it.files.reloads, { done: 0, failed: 2 })
  t.match(it.errors(), [{ code: 'ERR_TLS_FILES', kept: true, msg: /--tls-key is not that/ }])
  rmSync(it.volume.file('tls.crt'))
  t.equal(await it.files.look(), null)
  t.match(it.errors()[1], { msg: /--tls-cert cannot be read \(ENOENT\)/ }, 'another reason is news')
  const repaired = new SecretVolume(first)
  t.match(await readTlsFiles(repaired.names), first)
})

t.test('tls-files: back to what is in use, there is no trouble any more', async (t) => {
  const it = files(first)
  await it.files.first(new AbortController().signal)
  it.volume.put(mixed(second, first))
  await it.files.look()
  it.volume.put(first)
  t.equal(await it.files.look(), null)
  t.equal(it.files.state.trouble, null)
})

t.test('tls-files: one in date is not given up for one that is not', async (t) => {
  const it = files(authority.issue(days(-1, 10)))
  await it.files.first(new AbortController().signal)
  const later = authority.issue(days(5, 100))
  it.volume.put(later)
  t.equal(await it.files.look(), null)
  t.match(it.files.state, { trouble: { code: 'ERR_TLS_FILES' } })
  it.clock.skew = 6 * DAY_MS
  t.match(await it.files.look(), later, 'as soon as it is')
  const ended = authority.issue(days(-9, -3))
  it.volume.put(ended)
  t.equal(await it.files.look(), null)
  it.clock.skew = 200 * DAY_MS
  t.match(await it.files.look(), ended, 'when neither is, the newest word counts')
})

t.test('tls-files: before there is one, files are waited for', async (t) => {
  const it = files(null)
  const stop = new AbortController()
  const waiting = it.files.first(stop.signal)
  while (it.errors().length === 0) await settled()
  t.match(it.errors(), [{ code: 'ERR_TLS_FILES', kept: false }])
  it.volume.put(first)
  let found: unknown
  waiting.then((credentials) => {
    found = credentials
  })
  while (!found) await it.clock.pass(1_000)
  t.match(found, first)
  t.equal(it.errors().length, 1, 'the same reason is told once')
})

t.test('tls-files: told to stop, it waits no longer', async (t) => {
  const it = files(null)
  const stop = new AbortController()
  const waiting = it.files.first(stop.signal)
  while (it.errors().length === 0) await settled()
  stop.abort()
  t.equal(await waiting, null)
  t.equal(it.clock.pending, 0)
})

t.test('tls-files: a chain counts as long as all of it', async (t) => {
  const middle = new Authority('one in the middle').issue(days(-1, 3))
  const chain = checkTlsFiles({ cert: first.cert + middle.cert, key: first.key })
  t.equal(
    chain.notAfter.toUTCString(),
    new Date(new X509Certificate(middle.cert).validTo).toUTCString(),
  )
  t.ok(chain.notAfter < checkTlsFiles(first).notAfter)
})

t.test('tls-files: what no API server would take is refused with what to mend', async (t) => {
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  const small = generateKeyPairSync('rsa', {
    modulusLength: 512,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey
  const locked = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' },
  }).privateKey
  const table: [files: Secret, says: RegExp][] = [
    [{ ...first, cert: '' }, /--tls-cert has no certificate/],
    [{ ...first, cert: broken }, /--tls-cert has a certificate that cannot be read/],
    [{ ...first, cert: first.cert + broken }, /--tls-cert has a certificate that cannot be read/],
    [{ ...first, key: '' }, /--tls-key has no private key/],
    [{ ...first, key: locked }, /without a passphrase/],
    [mixed(first, { ...second, key: small }), /is not that of the first certificate/],
    [authority.issue({ dns: null }), /no subjectAltName/],
    [authority.issue({ client: true }), /not for servers/],
    [{ ...first, clientCa: 'none' }, /--client-ca has no certificate/],
  ]
  for (const [secret, says] of table) {
    t.match(
      throwsCode(t, () => checkTlsFiles(secret), 'ERR_TLS_FILES', `${says}`),
      says,
    )
  }
  const { names } = new SecretVolume({ ...first, clientCa: authority.cert })
  t.match(await readTlsFiles(names), { ...first, clientCa: authority.cert })
  t.ok(checkTlsFiles(await readTlsFiles(names)))
  const directory = { ...names, cert: '/' }
  t.match((await rejectsCode(t, readTlsFiles(directory), 'ERR_TLS_FILES'))?.message, /EISDIR/)
})

t.test('tls-files: a key that TLS does not take is told in its words', async (t) => {
  const weak = authority.issue({ rsaBits: 512 })
  const message = throwsCode(t, () => checkTlsFiles(weak), 'ERR_TLS_FILES')
  t.match(message, /TLS cannot use .*small/)
})

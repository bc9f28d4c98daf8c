// SPDX-License-Identifier: Apache-2.0

import type { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import * as tls from 'node:tls'
import t from 'tap'
import { issueServing } from '../../src/webhook/certs-issue.js'
import { authoritiesData, issuedData, readHeld } from '../../src/webhook/certs-secret.js'
import { registration } from '../fake/kube-webhooks.js'
import { mintTls } from '../fake/tls.js'
import { rejectsCode } from '../helpers.js'
import { CertsWorld, DAY_MS, LIFETIME_MS, NAME } from './certs-world.js'

const ISSUE = { names: [NAME, '127.0.0.1'], now: new Date(), lifetimeMs: LIFETIME_MS }

/** Whether a client that trusts these comes through; its error where it does not. */
async function handshake(ca: readonly X509Certificate[], servername: string): Promise<string> {
  const { certificate, key } = issued
  const server = tls.createServer({ key, cert: certificate.toString() }).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const socket = tls.connect({ port, host: '127.0.0.1', servername, ca: ca.map(String) })
  const [error] = await Promise.race([once(socket, 'secureConnect'), once(socket, 'error')]).catch(
    (failed) => [failed],
  )
  socket.destroy()
  server.close()
  return error?.code ?? 'connected'
}

const issued = issueServing(ISSUE)

t.test(
  'certs-issue: a server with the certificate is trusted by who trusts its authority',
  async (t) => {
    const other = issueServing(ISSUE)
    t.equal(await handshake([issued.authority], NAME), 'connected')
    t.equal(await handshake([other.authority, issued.authority], NAME), 'connected', 'in a bundle')
    t.equal(await handshake([other.authority], NAME), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    t.equal(await handshake([issued.authority], 'another.svc'), 'ERR_TLS_CERT_ALTNAME_INVALID')
  },
)

t.test('certs-issue: what the certificates say', async (t) => {
  const { authority, certificate, key } = issued
  t.ok(authority.ca)
  t.ok(authority.checkIssued(authority))
  t.ok(certificate.checkIssued(authority))
  t.notOk(certificate.ca)
  t.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  t.same(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  t.equal(certificate.subjectAltName, `DNS:${NAME}, IP Address:127.0.0.1`)
  const begin = new Date(certificate.validFrom).getTime()
  t.ok(Math.abs(begin - (ISSUE.now.getTime() - 3_600_000)) < 1000, 'for clocks that are behind')
  t.equal(authority.validTo, certificate.validTo)
  t.match(key, /^-----BEGIN PRIVATE KEY-----\n/)
  t.not(issueServing(ISSUE).authority.subject, authority.subject)
})

t.test('certs-secret: what was written is read, and nothing is none', async (t) => {
  const found = readHeld({ data: { ...issuedData(issued, [issued.authority]) } })
  t.equal(found.kind, 'held')
  t.match(found, { held: { authorities: { length: 2 } } })
  for (const secret of [null, {}, { data: {} }, { data: { 'tls.crt': '', 'tls.key': '' } }]) {
    t.same(readHeld(secret), { kind: 'none' })
  }
})

t.test(
  'certs-secret: what is not ours in form is refused, forced, and overlaps with the bundle',
  async (t) => {
    const good = issuedData(issued, [])
    const other = issueServing(ISSUE)
    const own = mintTls()
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const broken = base64('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
    const crt = good['tls.crt'] as string
    const secrets: Record<string, Record<string, string>> = {
      'no certificate': { ...good, 'tls.crt': '' },
      'no PEM': { ...good, 'tls.crt': base64('certificate') },
      'a damaged certificate': { ...good, 'tls.crt': broken },
      'two certificates': {
        ...good,
        ...{ 'tls.crt': base64(`${issued.certificate}${issued.certificate}`) },
      },
      'no key': { 'tls.crt': crt, 'ca.crt': good['ca.crt'] as string },
      'a key that is none': { ...good, 'tls.key': base64('key') },
      'the key of another': { ...good, 'tls.key': base64(other.key) },
      'no authority': { ...good, 'ca.crt': '' },
      'another authority': { ...good, ...authoritiesData([other.authority]) },
      'what somebody else made': {
        'tls.crt': base64(own.cert),
        'tls.key': base64(own.key),
        'ca.crt': base64(own.cert),
      },
    }
    const metadata = { name: 'assay-webhook-tls', namespace: 'assay-system' }
    for (const [what, data] of Object.entries(secrets)) {
      const world = new CertsWorld()
      await world.run()
      world.pass(DAY_MS)
      const [before] = world.trusted
      world.kube.put({ ...world.kube.secret, metadata, data })
      world.kube.said.length = 0
      await rejectsCode(t, world.run(), 'ERR_WEBHOOK_SECRET', what)
      t.same(world.kube.writes, [], what)
      t.match(await world.run({ force: true }), { secret: 'replaced', reason: 'forced' })
      t.equal(
        world.held[1]?.fingerprint256,
        before?.fingerprint256,
        'pods may still serve the old one',
      )
      world.pass(DAY_MS)
      await world.run()
      t.equal(world.trusted.length, 2)
    }
  },
)

t.test('certs-secret: that of cert-manager is left alone', async (t) => {
  const world = new CertsWorld()
  await world.run()
  const annotations = { 'cert-manager.io/certificate-name': 'assay-webhook' }
  const { metadata, ...rest } = world.kube.secret ?? {}
  world.kube.put({ ...rest, metadata: { ...metadata, annotations } })
  await rejectsCode(t, world.run(), 'ERR_WEBHOOK_SECRET')
})

t.test(
  'certs-secret: one that is deleted, or shipped empty, is made again beside the old',
  async (t) => {
    for (const begin of ['deleted', 'emptied']) {
      const world = new CertsWorld()
      await world.run()
      await world.run({ renew: true })
      world.pass(DAY_MS)
      const before = world.held.map(String)
      if (begin === 'deleted') world.kube.remove(world.kube.secret)
      else world.kube.put({ ...world.kube.secret, data: {} })
      t.match(await world.run(), { secret: 'created', reason: 'absent' })
      t.equal(world.held.length, 3)
      world.pass(DAY_MS)
      await world.run()
      t.same(new Set(world.trusted.map(String)), new Set([...before, `${world.held[0]}`]))
      t.same(world.outages, [])
    }
  },
)

t.test('certs-secret: labels, annotations and type of others stay', async (t) => {
  const world = new CertsWorld()
  world.kube.put(registration())
  const metadata = {
    name: 'assay-webhook-tls',
    namespace: 'assay-system',
    labels: { of: 'others' },
    managedFields: [{ manager: 'kubectl' }],
  }
  world.kube.put({ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata })
  await world.run()
  t.match(world.kube.secret, { type: 'Opaque', metadata: { labels: { of: 'others' } } })
  t.equal(world.kube.secret?.metadata?.managedFields, undefined)
})

t.test('certs-secret: an immutable one is said to be', async (t) => {
  const world = new CertsWorld()
  await world.run()
  world.kube.put({ ...world.kube.secret, immutable: true })
  await rejectsCode(t, world.run({ renew: true }), 'ERR_KUBERNETES_REFUSED')
  t.equal(world.trusted.length, 1)
})

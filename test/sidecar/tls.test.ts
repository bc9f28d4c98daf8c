// SPDX-License-Identifier: Apache-2.0

import { createPublicKey, X509Certificate } from 'node:crypto'
import t from 'tap'
import { issue, mintKeys, type RenewalOptions, startRenewal } from '../../src/sidecar/tls.js'
import { hex } from '../helpers.js'
import { HandClock, settled } from '../service/hand-clock.js'

const HOUR_MS = 3_600_000
/** Backdated five minutes, valid for 24 hours, renewed eight before the end. */
const RENEWED_MS = 16 * HOUR_MS - 300_000

t.test('tls: keys are fresh P-384 and X25519, the HPKE claim is KEM id and key', async (t) => {
  const [keys, others] = await Promise.all([mintKeys(), mintKeys()])
  t.equal(keys.tls.asymmetricKeyDetails?.namedCurve, 'secp384r1')
  const spki = createPublicKey(keys.tls).export({ type: 'spki', format: 'der' })
  t.equal(hex(keys.tlsSpki), hex(spki))
  const { x = '' } = createPublicKey(keys.hpkePrivate).export({ format: 'jwk' })
  t.equal(hex(keys.hpke), `0020${Buffer.from(x, 'base64url').toString('hex')}`)
  t.not(hex(keys.tlsSpki), hex(others.tlsSpki))
  t.not(hex(keys.hpke), hex(others.hpke))
})

t.test('tls: the certificate is that of AEP-83', async (t) => {
  const { tls, tlsSpki } = await mintKeys()
  const now = new Date('2026-03-01T12:00:00.789Z')
  const { key, cert } = await issue(tls, now)
  const certificate = new X509Certificate(cert)
  t.equal(certificate.subject, 'CN=akash-attestation-sidecar')
  t.equal(certificate.issuer, 'CN=akash-attestation-sidecar')
  t.equal(certificate.subjectAltName, undefined)
  t.same(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  t.equal(certificate.ca, false)
  t.equal(certificate.validFrom, 'Mar  1 11:55:00 2026 GMT')
  t.equal(certificate.validTo, 'Mar  2 11:55:00 2026 GMT')
  t.ok(certificate.verify(certificate.publicKey))
  t.ok(certificate.checkPrivateKey(tls))
  t.match(key, /^-----BEGIN PRIVATE KEY-----\n/)
  t.equal(hex(certificate.publicKey.export({ type: 'spki', format: 'der' })), hex(tlsSpki))
})

t.test('tls: serial numbers are positive, of one length, and differ', async (t) => {
  const { tls } = await mintKeys()
  const serials = new Set<string>()
  for (let at = 0; at < 32; at++) {
    const { serialNumber } = new X509Certificate((await issue(tls, new Date())).cert)
    t.match(serialNumber, /^[4-7][0-9A-F]{31}$/)
    serials.add(serialNumber)
  }
  t.equal(serials.size, 32)
})

async function renewing(change: Partial<RenewalOptions> = {}) {
  const clock = new HandClock()
  const used: string[] = []
  const failures: unknown[] = []
  const { tls } = await mintKeys()
  const renewal = await startRenewal({
    key: tls,
    clock,
    use: ({ cert }) => used.push(cert),
    failed: (error) => failures.push(error),
    ...change,
  })
  /** Issuing loads code and signs, which takes real time. */
  const pass = async (ms: number, until: () => boolean) => {
    await clock.pass(ms)
    while (!until()) await settled()
  }
  return { clock, used, failures, renewal, pass }
}

t.test('tls: a certificate is renewed before it ends, under the same key', async (t) => {
  const { clock, used, renewal, pass } = await renewing()
  const before = renewal.expiry()
  const first = new X509Certificate(renewal.first.cert)
  await clock.pass(RENEWED_MS - 1)
  t.same(used, [], 'not while it has long to go')
  await pass(1, () => used.length === 1)
  const second = new X509Certificate(used[0] as string)
  t.ok(second.publicKey.equals(first.publicKey))
  t.not(second.serialNumber, first.serialNumber)
  t.equal(renewal.expiry().getTime() - before.getTime(), RENEWED_MS)
  t.same(new Date(second.validTo), renewal.expiry())
  await pass(RENEWED_MS, () => used.length === 2)
  renewal.stop()
  t.equal(clock.pending, 0)
})

t.test('tls: a clock that jumps, either way, gets a certificate that is valid now', async (t) => {
  const { clock, used, renewal, pass } = await renewing()
  clock.skew = 400 * 24 * HOUR_MS
  await pass(60_000, () => used.length === 1)
  t.ok(renewal.expiry() > clock.now())
  clock.skew = -400 * 24 * HOUR_MS
  await pass(60_000, () => used.length === 2)
  t.ok(new Date(new X509Certificate(used[1] as string).validFrom) <= clock.now())
  renewal.stop()
})

t.test('tls: a renewal that fails is told and tried again', async (t) => {
  let fail = false
  const { clock, used, failures, renewal, pass } = await renewing({
    issue: async (key, now) => {
      if (fail) throw new Error('no entropy')
      return issue(key, now)
    },
  })
  const expiry = renewal.expiry()
  fail = true
  await clock.pass(RENEWED_MS + 120_000)
  t.equal(failures.length, 3)
  t.equal(renewal.expiry(), expiry, 'the one in use is still told')
  fail = false
  await pass(60_000, () => used.length === 1)
  t.equal(failures.length, 3)
  renewal.stop()
})

t.test('tls: what is stopped puts nothing into use any more', async (t) => {
  let issued = () => {}
  const asked = { count: 0 }
  const { clock, used, renewal } = await renewing({
    issue: async (key, now) => {
      if (asked.count++ > 0) {
        await new Promise<void>((resolve) => {
          issued = resolve
        })
      }
      return issue(key, now)
    },
  })
  await clock.pass(RENEWED_MS)
  t.equal(asked.count, 2)
  renewal.stop()
  issued()
  await new Promise((resolve) => setImmediate(resolve))
  await settled()
  t.same(used, [])
  t.equal(clock.pending, 0)
})

// SPDX-License-Identifier: Apache-2.0

import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import { type Extension, KeyUsageFlags } from '@peculiar/asn1-x509'
import t from 'tap'
import {
  alternativeNames,
  authorityKeyId,
  caConstraints,
  commonName,
  derOf,
  distinguishedName,
  ECDSA_SHA_256,
  keyUsage,
  serialNumber,
  serverAuth,
  signed,
  subjectKeyId,
  toBeSigned,
} from '../../src/service/x509-write.js'
import { pattern } from '../fake/nvidia.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function write(extensions: readonly Extension[], serial = serialNumber()): X509Certificate {
  const tbs = toBeSigned({
    serial,
    signature: ECDSA_SHA_256,
    issuer: distinguishedName([['2.5.4.10', { utf8String: 'an issuer' }]]),
    subject: commonName('a subject'),
    notBefore: new Date('2026-01-02T03:04:05Z'),
    notAfter: new Date('2050-01-02T03:04:05Z'),
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  })
  const value = new Uint8Array(sign('sha256', new Uint8Array(derOf(tbs)), privateKey)).buffer
  return new X509Certificate(signed(tbs, value))
}

t.test('x509-write: what is said is what OpenSSL reads', async (t) => {
  const keyId = pattern(20, 3)
  const server = write([
    caConstraints(0),
    keyUsage(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign),
    serverAuth(),
    subjectKeyId(keyId),
    authorityKeyId(keyId),
    alternativeNames([{ dns: 'a.example' }, { ip: '127.0.0.1' }, { ip: '::1' }]),
  ])
  t.equal(server.subject, 'CN=a subject')
  t.equal(server.issuer, 'O=an issuer')
  t.equal(server.validFrom, 'Jan  2 03:04:05 2026 GMT')
  t.equal(server.validTo, 'Jan  2 03:04:05 2050 GMT')
  t.equal(server.subjectAltName, 'DNS:a.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
  t.same(server.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  t.equal(server.ca, true)
  t.ok(server.verify(publicKey))
  t.ok(server.checkPrivateKey(privateKey))
  t.equal(write([caConstraints()]).ca, true)
  t.equal(write([]).ca, false)
})

t.test('x509-write: a key identifier links issuer and subject', async (t) => {
  const tail = (extension: Extension) => Buffer.from(derOf(extension)).toString('hex')
  const keyId = Uint8Array.of(1, 2, 3)
  t.equal(tail(subjectKeyId(keyId)), '300c0603551d0e04050403010203')
  t.equal(tail(authorityKeyId(keyId)), '300e0603551d23040730058003010203')
})

t.test('x509-write: serial numbers are positive, of one length, and differ', async (t) => {
  const serials = Array.from({ length: 64 }, () => write([]).serialNumber)
  for (const serial of serials) t.match(serial, /^[4-7][0-9A-F]{31}$/)
  t.equal(new Set(serials).size, 64)
})

t.test('x509-write: a serial number that is part of a buffer is taken alone', async (t) => {
  t.equal(write([], Uint8Array.of(9, 0x12, 0x34, 9).subarray(1, 3)).serialNumber, '1234')
})

// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  type Extensions,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  type TBSCertificate,
  Time,
  Version,
} from '@peculiar/asn1-x509'
import t from 'tap'
import { derObjects } from '../../src/pem.js'
import { parseCertificate, parseRimCertificate } from '../../src/verify/x509.js'
import { amdOid, mintAmd, setExtension } from '../fake/amd.js'
import { sequence, tlv } from '../fake/der.js'
import { hex, throwsCode } from '../helpers.js'
import { skip, vectorBytes } from '../vectors.js'

const FORMAT = 'ERR_CERTIFICATE_FORMAT'
const VENDOR = 'OU=Engineering, C=US, L=Santa Clara, ST=CA, O=Advanced Micro Devices'

t.test('certificate: fields as minted', async (t) => {
  const { ark, authority, vek } = await mintAmd()
  const root = parseCertificate(ark)
  t.match(root, { subject: `${VENDOR}, CN=ARK-Milan`, issuer: root.subject, serial: '010000' })
  t.match(root, { isCa: true, isP384: false, pss: true, pathLength: undefined })
  t.equal(root.keyUsage, KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)
  t.equal(root.notAfter.toISOString(), '2051-01-01T00:00:00.000Z', 'GeneralizedTime')
  t.match(parseCertificate(authority), { pathLength: 0, keyUsage: KeyUsageFlags.keyCertSign })
  const leaf = parseCertificate(vek)
  t.match(leaf, { subject: `${VENDOR}, CN=SEV-VCEK`, issuer: `${VENDOR}, CN=SEV-Milan` })
  t.match(leaf, { serial: '00', isCa: false, isP384: true, keyUsage: undefined })
  t.equal(hex(leaf.extensions.get(amdOid('3.8')) as Uint8Array), '020200db')
})

t.test('certificate: dates in the form that authorities for RIMs use', async (t) => {
  const generalTime = new Date('2023-10-31T00:00:00Z')
  const { vek } = await mintAmd({
    vek: ({ validity }) => {
      const date = new Time(generalTime)
      date.utcTime = undefined as never
      date.generalTime = generalTime
      validity.notBefore = date
    },
  })
  t.same(parseRimCertificate(vek).notBefore, generalTime)
  throwsCode(t, () => parseCertificate(vek), FORMAT, 'and nobody else')
})

t.test('certificate: an independent reader agrees on real ones', { skip }, async (t) => {
  const files = [
    ['ca-milan', 'ark.der'],
    ['ca-milan', 'asvk.der'],
    ['ca-genoa', 'ask-revoked.der'],
    ['ca-turin', 'ask.der'],
    ['cert-turin-vcek-virtee', 'vcek.der'],
    ['milan-v2-vlek-cosmian', 'vlek.der'],
  ] as const
  for (const [name, file] of files) {
    const der = new Uint8Array(vectorBytes('snp', name, file))
    const ours = parseCertificate(der)
    const theirs = new X509Certificate(der)
    const line = (name: string) => name.split(', ').join('\n')
    t.equal(line(ours.subject), theirs.subject, file)
    t.equal(line(ours.issuer), theirs.issuer)
    t.equal(BigInt(`0x${ours.serial}`), BigInt(`0x${theirs.serialNumber}`))
    t.equal(ours.notBefore.getTime(), Date.parse(theirs.validFrom))
    t.equal(ours.notAfter.getTime(), Date.parse(theirs.validTo))
    t.equal(
      hex(ours.spki),
      theirs.publicKey.export({ type: 'spki', format: 'der' }).toString('hex'),
    )
    t.equal(ours.isCa, theirs.ca)
    t.equal(ours.pss, true)
  }
})

t.test('certificate: both encodings of the PSS parameters are the same', { skip }, async (t) => {
  const explicit = vectorBytes('snp', 'milan-v2-vlek-cosmian', 'vlek.der')
  const implicit = vectorBytes('snp', 'milan-v5-vcek-cosmian', 'vcek.der')
  for (const der of [explicit, implicit]) t.equal(parseCertificate(new Uint8Array(der)).pss, true)
  t.not(hex(explicit).includes('a303020101'), hex(implicit).includes('a303020101'))
})

t.test('certificate: the same content is parsed once', async (t) => {
  const { vek } = await mintAmd()
  t.equal(parseCertificate(vek.slice()), parseCertificate(vek))
})

t.test('certificate: what RFC 5280 does not have is refused', async (t) => {
  const twice = (tbs: TBSCertificate) => {
    const list = tbs.extensions as Extensions
    list.push(list[0] as (typeof list)[0])
  }
  const critical = (tbs: TBSCertificate) => {
    const [first] = tbs.extensions as Extensions
    if (first) first.critical = true
  }
  const bad: Record<string, (tbs: TBSCertificate) => void> = {
    'version 1': (tbs) => {
      tbs.version = Version.v1
    },
    'an extension twice': twice,
    'an unknown critical extension': critical,
    'basicConstraints of another shape': (tbs) =>
      setExtension(tbs, id_ce_basicConstraints, Uint8Array.of(2, 1, 0)),
    'keyUsage of another shape': (tbs) => setExtension(tbs, id_ce_keyUsage, Uint8Array.of(5, 0)),
  }
  for (const [what, vek] of Object.entries(bad)) {
    const minted = await mintAmd({ vek })
    throwsCode(t, () => parseCertificate(minted.vek), FORMAT, what)
  }
})

t.test('certificate: nothing stands where RFC 5280 has nothing', async (t) => {
  const { vek } = await mintAmd()
  const { tbs, spki, signature } = parseCertificate(vek)
  const at = Buffer.from(tbs).indexOf(spki)
  const [before, after] = [tbs.slice(4, at), tbs.slice(at + spki.length)]
  const algorithm = vek.slice(tbs.length + 4, vek.length - signature.length - 5)
  const bits = vek.slice(vek.length - signature.length - 5)
  const whole = (...body: Uint8Array[]) => sequence(sequence(...body), algorithm, bits)
  t.same(whole(before, spki, after), vek, 'the parts are the parts')
  const bad: Record<string, Uint8Array<ArrayBuffer>> = {
    'unique identifiers': whole(before, spki, tlv(0x81, '0001'), after),
    'an element after the extensions': whole(before, spki, after, tlv(0x05)),
    'extensions twice': whole(before, spki, after, after),
    'something after the extensions in their tag': whole(
      before,
      spki,
      tlv(0xa3, sequence(), '0500'),
    ),
    'no extension in their list': whole(before, spki, tlv(0xa3, sequence())),
    'a key that is no BIT STRING': whole(before, sequence(sequence('06032b6570'), '0500'), after),
    'a key and more': whole(before, sequence(sequence('06032b6570'), '030100', '0500'), after),
    'a version and more': whole(tlv(0xa0, '020102', '0500'), before.slice(5), spki, after),
    'no version': whole(before.slice(5), spki, after),
  }
  for (const [what, der] of Object.entries(bad)) {
    throwsCode(t, () => parseCertificate(der), FORMAT, what)
  }
})

t.test('certificate: a certificate without extensions has none', async (t) => {
  const { vek } = await mintAmd({
    vek: (tbs) => {
      delete tbs.extensions
    },
  })
  t.same(parseCertificate(vek).extensions.size, 0)
})

t.test('certificate: basicConstraints may say that it is no CA', async (t) => {
  const none = new Uint8Array(AsnConvert.serialize(new BasicConstraints()))
  const { vek } = await mintAmd({ vek: (tbs) => setExtension(tbs, id_ce_basicConstraints, none) })
  t.equal(parseCertificate(vek).isCa, false)
})

t.test('certificate: P-384 by the parameters of its key', async (t) => {
  const p256 = Uint8Array.of(6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7).buffer
  for (const parameters of [p256, null, undefined]) {
    const { vek } = await mintAmd({
      vek: (tbs) => {
        const { algorithm } = tbs.subjectPublicKeyInfo
        const changed = new AlgorithmIdentifier({ algorithm: algorithm.algorithm })
        if (parameters !== undefined) changed.parameters = parameters
        tbs.subjectPublicKeyInfo.algorithm = changed
      },
    })
    t.equal(parseCertificate(vek).isP384, false)
  }
})

t.test('certificate: a serial of at most 20 octets', async (t) => {
  const minted = async (octets: Uint8Array) =>
    (
      await mintAmd({
        vek: (tbs) => {
          tbs.serialNumber = octets.slice().buffer
        },
      })
    ).vek
  const longest = Uint8Array.of(0, ...new Uint8Array(20).fill(0xd9))
  t.equal(parseCertificate(await minted(longest)).serial, 'd9'.repeat(20))
  const longer = await minted(new Uint8Array(21).fill(0x19))
  throwsCode(t, () => parseCertificate(longer), 'ERR_CERTIFICATE_FORMAT')
})

t.test('certificate: serials without leading zeros', async (t) => {
  for (const [octets, text] of [
    [[0], '00'],
    [[0, 0xd9], 'd9'],
    [[0x01, 0x00, 0x01], '010001'],
  ] as const) {
    const { vek } = await mintAmd({
      vek: (tbs) => {
        tbs.serialNumber = Uint8Array.from(octets).buffer
      },
    })
    t.equal(parseCertificate(vek).serial, text)
  }
})

t.test('certificate: no value of a name can pose as two', async (t) => {
  const attribute = (type: string, utf8String: string) =>
    new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String }) })
  const { vek } = await mintAmd({
    vek: (tbs) => {
      tbs.subject = new Name([
        new RelativeDistinguishedName([attribute('2.5.4.10', 'Advanced Micro Devices, CN=ARK')]),
        new RelativeDistinguishedName([attribute('2.5.4.99', 'x'), attribute('2.5.4.3', 'a\\+b')]),
      ])
    },
  })
  const { subject } = parseCertificate(vek)
  t.equal(subject, 'O=Advanced Micro Devices\\, CN\\=ARK, 2.5.4.99=x+CN=a\\\\\\+b')
})

t.test('certificate: PEM and DER are the same certificate', { skip }, async (t) => {
  const [fromPem] = derObjects(new Uint8Array(vectorBytes('snp', 'ca-milan', 'ark.pem')))
  t.same(fromPem, new Uint8Array(vectorBytes('snp', 'ca-milan', 'ark.der')))
})

// SPDX-License-Identifier: Apache-2.0
// The frame around what is signed, and the algorithm it names.

import { id_mgf1, id_RSASSA_PSS, id_sha256, id_sha384, RsaSaPssParams } from '@peculiar/asn1-rsa'
import { AsnConvert } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, Certificate } from '@peculiar/asn1-x509'
import t from 'tap'
import { parseCertificate } from '../../src/verify/x509.js'
import { mintAmd } from '../fake/amd.js'
import { sequence, tlv } from '../fake/der.js'
import { changed, throwsCode } from '../helpers.js'

const FORMAT = 'ERR_CERTIFICATE_FORMAT'

t.test('certificate: exactly one DER object', async (t) => {
  const { vek } = await mintAmd()
  for (let length = 0; length < vek.length; length++) {
    throwsCode(t, () => parseCertificate(vek.slice(0, length)), FORMAT, `cut to ${length}`)
  }
  throwsCode(t, () => parseCertificate(Uint8Array.of(...vek, 0)), FORMAT, 'one byte more')
})

/** The certificate with its outer SEQUENCE made to hold `parts`. */
function frame(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = parts.flatMap((part) => [...part])
  return Uint8Array.of(0x30, 0x82, body.length >> 8, body.length & 0xff, ...body)
}

t.test('certificate: the frame, which nobody signed, is DER and nothing more', async (t) => {
  const { vek } = await mintAmd()
  const { tbs, signature } = parseCertificate(vek)
  const algorithm = vek.slice(4 + tbs.length, vek.length - signature.length - 5)
  const bits = vek.slice(vek.length - signature.length - 5)
  t.same(frame(tbs, algorithm, bits), vek, 'the parts are the parts')
  const long = Uint8Array.of(0x03, 0x83, 0, ...bits.slice(2))
  const bad: Record<string, Uint8Array<ArrayBuffer>> = {
    'a fourth element': frame(tbs, algorithm, bits, Uint8Array.of(5, 0)),
    'a long form of a length': frame(tbs, algorithm, long),
    'an indefinite length': Uint8Array.of(0x30, 0x80, ...tbs, ...algorithm, ...bits, 0, 0),
    'unused bits': frame(
      tbs,
      algorithm,
      changed(bits, (copy) => copy.set([1], 4)),
    ),
    'no algorithm': frame(tbs, bits),
    'NULL for a signature': frame(tbs, algorithm, Uint8Array.of(5, 0)),
    'another algorithm': frame(tbs, algorithm.slice(0, 13).fill(13, 1, 2), bits),
  }
  for (const [what, der] of Object.entries(bad)) {
    throwsCode(t, () => parseCertificate(der), FORMAT, what)
  }
})

t.test('certificate: only one signature algorithm is AMD’s', async (t) => {
  const hash = (algorithm: string) => new AlgorithmIdentifier({ algorithm, parameters: null })
  const mask = (algorithm: string, of: string) =>
    new AlgorithmIdentifier({ algorithm, parameters: AsnConvert.serialize(hash(of)) })
  const good = {
    hashAlgorithm: hash(id_sha384),
    maskGenAlgorithm: mask(id_mgf1, id_sha384),
    saltLength: 48,
  }
  const pss = (change: Partial<RsaSaPssParams>) =>
    AsnConvert.serialize(new RsaSaPssParams({ ...good, ...change }))
  const cases: [string, AlgorithmIdentifier, boolean][] = [
    ['as AMD', new AlgorithmIdentifier({ algorithm: id_RSASSA_PSS, parameters: pss({}) }), true],
    ['no parameters', new AlgorithmIdentifier({ algorithm: id_RSASSA_PSS }), false],
    [
      'null parameters',
      new AlgorithmIdentifier({ algorithm: id_RSASSA_PSS, parameters: null }),
      false,
    ],
    [
      'PKCS #1',
      new AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.12', parameters: null }),
      false,
    ],
    ...Object.entries({
      'SHA-256': { hashAlgorithm: hash(id_sha256) },
      'MGF1 with SHA-256': { maskGenAlgorithm: mask(id_mgf1, id_sha256) },
      'another mask': { maskGenAlgorithm: mask(id_sha384, id_sha384) },
      'a mask without a hash': {
        maskGenAlgorithm: new AlgorithmIdentifier({ algorithm: id_mgf1 }),
      },
      'salt of 32': { saltLength: 32 },
      'trailer 2': { trailerField: 2 },
    }).map(([what, change]): [string, AlgorithmIdentifier, boolean] => [
      what,
      new AlgorithmIdentifier({ algorithm: id_RSASSA_PSS, parameters: pss(change) }),
      false,
    ]),
  ]
  for (const [what, algorithm, expected] of cases) {
    const { vek } = await mintAmd({
      vek: (tbs) => {
        tbs.signature = algorithm
      },
    })
    t.equal(parseCertificate(vek).pss, expected, what)
  }
})

t.test('certificate: parameters of another algorithm are DER of known types', async (t) => {
  const { vek } = await mintAmd()
  const { tbs } = parseCertificate(vek)
  const { tbsCertificate } = AsnConvert.parse(vek, Certificate)
  const inner = new Uint8Array(AsnConvert.serialize(tbsCertificate.signature))
  const at = Buffer.from(tbs).indexOf(inner)
  /** The certificate with this algorithm inside and outside. */
  const under = (...parameters: readonly string[]) => {
    const algorithm = sequence('06092a864886f70d01010b', ...parameters)
    const signed = sequence(tbs.slice(4, at), algorithm, tbs.slice(at + inner.length))
    return sequence(signed, algorithm, tlv(0x03, '00aa'))
  }
  for (const parameters of ['', '0500', '06032b6570', '3007a0020500020103', 'a3023000']) {
    t.equal(parseCertificate(under(parameters)).pss, false, parameters)
  }
  for (const parameters of [
    '050100',
    '06032b8001',
    '02020001',
    '0101ff',
    '0000',
    '8000',
    '3080',
    '30020500ff',
    '30030500ff',
  ]) {
    throwsCode(t, () => parseCertificate(under(parameters)), FORMAT, parameters)
  }
  throwsCode(t, () => parseCertificate(under('0500', '0500')), FORMAT, 'two of them')
  const nested = (depth: number): Uint8Array =>
    depth === 0 ? sequence() : sequence(nested(depth - 1))
  t.equal(parseCertificate(under(Buffer.from(nested(3)).toString('hex'))).pss, false, 'four deep')
  const deep = Buffer.from(nested(4)).toString('hex')
  throwsCode(t, () => parseCertificate(under(deep)), FORMAT, 'five deep')
})

// SPDX-License-Identifier: Apache-2.0
// The frame around what is signed, and the algorithm it names.

import { id_mgf1, id_RSASSA_PSS, id_sha256, id_sha384, RsaSaPssParams } from '@peculiar/asn1-rsa'
import { AsnConvert } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import t from 'tap'
import { parseCertificate } from '../../src/verify/x509.js'
import { mintAmd } from '../fake/amd.js'
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

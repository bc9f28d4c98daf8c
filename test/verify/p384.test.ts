// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { guessP384, p384Point, p384Signature } from '../../src/verify/p384.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { foreignKeys, mintAmd, pem } from '../fake/amd.js'
import { sequence, tlv } from '../fake/der.js'
import { changed, hex } from '../helpers.js'

type Bytes = Uint8Array<ArrayBuffer>
const exported = async (format: 'spki' | 'raw') =>
  new Uint8Array(await crypto.subtle.exportKey(format, (await foreignKeys()).vek.publicKey))

t.test('p384: the point of a key that is encoded as AMD does it', async (t) => {
  const spki = await exported('spki')
  t.same(p384Point(spki), await exported('raw'))
  t.equal(p384Point(spki.slice(1)), null)
  t.equal(p384Point(Uint8Array.of(...spki, 0)), null)
  for (let at = 0; at < 24; at++) {
    const other = changed(spki, (copy) => copy.fill(0x55, at, at + 1)) as Bytes
    t.equal(p384Point(other), null, `octet ${at}`)
  }
})

t.test('p384: a key is found wherever it stands in a certificate', async (t) => {
  const { vek, ark } = await mintAmd()
  t.same(guessP384(vek), parseCertificate(vek).spki)
  t.equal(guessP384(ark), undefined)
  t.equal(guessP384(new TextEncoder().encode(pem(vek))), undefined, 'not in PEM')
})

t.test('p384: what only begins like a key is passed over', async (t) => {
  const spki = await exported('spki')
  const guess = (...bytes: number[]) => hex(guessP384(Uint8Array.from(bytes)) ?? new Uint8Array())
  t.equal(guess(...spki), hex(spki))
  t.equal(guess(0x81, 0x81, ...spki.slice(0, 20), ...spki, 0x81), hex(spki))
  t.equal(guess(...spki.slice(1)), '', 'cut at its start')
  t.equal(guess(...spki.slice(0, -1)), '', 'cut at its end')
  t.equal(guess(), '')
})

t.test('p384: halves of a signature, padded to their length, and nothing but two', async (t) => {
  const half = (...octets: number[]) => tlv(2, Uint8Array.from(octets))
  const full = Array.from({ length: 48 }, (_, at) => 0xff - at)
  const join = (r: number[], s: number[]) =>
    hex(
      Uint8Array.of(...new Uint8Array(48 - r.length), ...r, ...new Uint8Array(48 - s.length), ...s),
    )
  const read = (...parts: Uint8Array[]) =>
    hex(p384Signature(sequence(...parts)) ?? new Uint8Array())
  t.equal(read(half(0, ...full), half(1, 2)), join(full, [1, 2]))
  t.equal(read(half(3), half(0, ...full)), join([3], full))
  t.equal(read(half(0), half(0)), join([0], [0]), 'which no key verifies')
  t.equal(read(half(0, ...full, 1), half(1)), '', 'r too long')
  t.equal(read(half(1), half(1, ...full)), '', 's too long')
  t.equal(read(half(0xff), half(1)), '', 'negative')
  t.equal(read(half(0, 1), half(1)), '', 'padded')
  t.equal(read(half(1)), '', 'one')
  t.equal(read(half(1), half(1), half(1)), '', 'three')
  t.equal(p384Signature(Uint8Array.of(...sequence(half(1), half(1)), 0)), null, 'something behind')
})

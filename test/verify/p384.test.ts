// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { guessP384, p384Point } from '../../src/verify/p384.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { foreignKeys, mintAmd, pem } from '../fake/amd.js'
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

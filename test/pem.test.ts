// SPDX-License-Identifier: Apache-2.0

import t from 'tap'
import { derObjects, toPem } from '../src/pem.js'
import { pem } from './fake/amd.js'
import { throwsCode } from './helpers.js'

const ONE = Uint8Array.of(0x30, 0x03, 1, 2, 3)
const TWO = Uint8Array.of(0x30, 0x01, 9)
const text = (value: string) => new Uint8Array(new TextEncoder().encode(value))

t.test('pem: DER is itself', async (t) => {
  t.same(derObjects(ONE), [ONE])
})

t.test('pem: blocks in order, certificates and CRLs, whatever stands between', async (t) => {
  const file = `Subject: CN=x\r\n${pem(ONE)}\n# and\n${pem(TWO, 'X509 CRL')}trailer`
  t.same(derObjects(text(file)), [ONE, TWO])
  t.same(derObjects(text(pem(ONE).replaceAll('\n', '\r\n'))), [ONE])
})

t.test('pem: a certificate as text, in lines of 64', async (t) => {
  for (const length of [1, 47, 48, 49, 96, 700]) {
    const der = new Uint8Array(length).fill(length)
    t.equal(toPem(der), pem(der), `${length} bytes`)
  }
})

t.test('pem: anything else is refused whole', async (t) => {
  const good = pem(ONE)
  const bad: Record<string, string> = {
    nothing: '',
    prose: 'no certificate here',
    'a foreign label': pem(ONE, 'PRIVATE KEY'),
    'a foreign block among good ones': good + pem(ONE, 'PRIVATE KEY'),
    'a block without its end': good + good.slice(0, 40),
    'an end of the other kind': good.replace('END CERTIFICATE', 'END X509 CRL'),
    'an empty block': '-----BEGIN CERTIFICATE----------END CERTIFICATE-----',
    'no base64': good.replace('M', '*'),
    'base64 without padding': pem(Uint8Array.of(0x30, 0)).replace('=', ''),
    'stray bits': '-----BEGIN CERTIFICATE-----\nMB==\n-----END CERTIFICATE-----',
  }
  for (const [what, file] of Object.entries(bad)) {
    throwsCode(t, () => derObjects(text(file)), 'ERR_CERTIFICATE_FORMAT', what)
  }
})

t.test('pem: a hostile file costs linear work', async (t) => {
  const file = text('-----BEGIN CERTIFICATE-----\n'.repeat(40_000))
  throwsCode(t, () => derObjects(file), 'ERR_CERTIFICATE_FORMAT')
})

// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from 'node:crypto'
import t from 'tap'
import type { Bytes } from '../../src/core/private-copy.js'
import { certificateReader } from '../../src/sidecar/certificates.js'
import { mintAmd, pem } from '../fake/amd.js'
import { GUIDS, mintCertTable } from '../fake/cert-table.js'

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const text = (value: string) => new Uint8Array(new TextEncoder().encode(value))

t.test('certificates: leaf first, whatever the order and form in the table', async (t) => {
  const { vek, authority, ark, crl } = await mintAmd()
  const read = certificateReader()
  const der = mintCertTable([
    [GUIDS.ark, ark],
    [GUIDS.crl, await crl()],
    [GUIDS.ask, authority],
    [GUIDS.vcek, vek],
  ])
  const leafFirst = [vek, authority, ark].map(base64)
  const { auxblob, endorsements, certChain } = read(der)
  t.equal(auxblob, base64(der))
  t.same(endorsements, leafFirst)
  const blocks = Buffer.from(certChain, 'base64')
    .toString()
    .split(/(?<=-----END CERTIFICATE-----\n)/)
  t.same(
    blocks.filter(Boolean).map((block) => base64(new X509Certificate(block).raw)),
    leafFirst,
    'PEM that another reader takes',
  )
  const inPem = mintCertTable([
    [GUIDS.ask, text(pem(authority))],
    [GUIDS.vlek, text(pem(vek))],
  ])
  t.same(read(inPem).endorsements, [vek, authority].map(base64))
})

t.test('certificates: without a table there are none', async (t) => {
  const none = { auxblob: '', endorsements: [], certChain: '' }
  t.same(certificateReader()(new Uint8Array()), none)
})

t.test('certificates: a table that the host filled wrongly travels as it is', async (t) => {
  const { vek } = await mintAmd()
  const garbage: Bytes[] = [
    new Uint8Array(50).fill(7),
    mintCertTable([[GUIDS.vcek, text('not a certificate')]]),
    mintCertTable([[GUIDS.vcek, vek]]).slice(0, 200),
  ]
  for (const auxblob of garbage) {
    const read = certificateReader()(auxblob)
    t.same(read, { auxblob: base64(auxblob), endorsements: [], certChain: '' })
  }
})

t.test('certificates: the same table is read once, another one anew', async (t) => {
  const { vek, authority } = await mintAmd()
  const read = certificateReader()
  const one = mintCertTable([[GUIDS.vcek, vek]])
  const first = read(one)
  t.equal(read(one.slice()), first)
  t.same(read(mintCertTable([[GUIDS.ask, authority]])).endorsements, [base64(authority)])
})

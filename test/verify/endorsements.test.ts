// SPDX-License-Identifier: Apache-2.0
// What a host hands out, a certificate table among it, and what becomes of each piece.

import { existsSync } from 'node:fs'
import t from 'tap'
import { AttestationError } from '../../src/errors.js'
import { type Opened, openAll, sort } from '../../src/verify/endorsements.js'
import { mintAmd, pem } from '../fake/amd.js'
import { GUIDS, mintCertTable } from '../fake/cert-table.js'
import { changed } from '../helpers.js'
import { skip, vectorBytes, vectorPath } from '../vectors.js'

type Bytes = Uint8Array<ArrayBuffer>
const PLATFORM_INFO = 'ecae0c0f-9502-43b1-afa2-0ae2e0d565b6'
const text = (value: string) => new TextEncoder().encode(value) as Bytes
const code = ([one]: readonly Opened[]) => (one instanceof AttestationError ? one.code : one)

t.test('endorsements: sorted by what they are', async (t) => {
  const amd = await mintAmd()
  const found = await sort(openAll([await amd.crl(), text(pem(amd.ark)), amd.vek, amd.authority]))
  t.same([found.veks.length, found.others.length, found.crls.length], [1, 2, 1])
  t.same(found.problems, [])
})

t.test('endorsements: a table of DER and PEM, as a host fills it', async (t) => {
  const amd = await mintAmd()
  const crl = await amd.crl()
  const table = mintCertTable([
    [PLATFORM_INFO, Uint8Array.of(8, 0, 0, 0, 0x11, 0x0f, 0xa0, 0)],
    [GUIDS.ark, text(pem(amd.ark))],
    [GUIDS.ask, amd.authority],
    [GUIDS.vlek, new Uint8Array()],
    [GUIDS.vcek, amd.vek],
    [GUIDS.crl, crl],
  ])
  const padded = new Uint8Array(4096 * 3)
  padded.set(table)
  for (const endorsement of [table, padded]) {
    t.same(openAll([endorsement]), [[amd.ark, amd.authority, amd.vek, crl]])
  }
})

t.test('endorsements: a table may be empty', async (t) => {
  for (const length of [0, 24, 4096]) t.same(openAll([new Uint8Array(length)]), [[]], `${length}`)
})

t.test('endorsements: a damaged table is a problem, and not of another kind', async (t) => {
  const { vek } = await mintAmd()
  const table = mintCertTable([[GUIDS.vcek, vek]])
  const outside = changed(table, (copy) =>
    new DataView(copy.buffer).setUint32(20, 0xffffffff, true),
  )
  for (const [what, bytes] of Object.entries({
    'cut short': table.slice(0, -1),
    'no terminator': table.slice(0, 24),
    'data outside': outside,
  })) {
    t.equal(code(openAll([bytes as Bytes])), 'ERR_CERT_TABLE', what)
  }
  const { problems } = await sort(openAll([vek, table.slice(0, -1)]))
  t.match(problems, [{ code: 'ERR_CERT_TABLE', detail: /^endorsement 2: / }])
})

t.test('endorsements: what is neither', async (t) => {
  const { vek } = await mintAmd()
  for (const [what, bytes] of Object.entries({
    'a certificate without its start': vek.slice(1),
    'a table whose entry is nothing': mintCertTable([[GUIDS.vcek, text('nothing')]]),
    'a foreign entry outside': mintCertTable([[PLATFORM_INFO, vek]]).slice(0, -1),
    zeros: new Uint8Array(23),
    'a report, which reads as an entry without data': Uint8Array.of(3, ...new Uint8Array(1183)),
    'too long': new Uint8Array(0x40001),
  })) {
    t.equal(code(openAll([bytes])), 'ERR_CERTIFICATE_FORMAT', what)
  }
})

t.test('endorsements: neither a certificate nor a CRL', async (t) => {
  const { problems } = await sort(openAll([Uint8Array.of(0x30, 3, 1, 2, 3)]))
  t.match(problems, [{ code: 'ERR_CERTIFICATE_FORMAT' }])
})

t.test('endorsements: a real table', { skip }, async (t) => {
  const name = 'genoa-v3-vcek-veraison-tsm-auxblob'
  t.ok(existsSync(vectorPath('snp', name, 'auxblob.bin')))
  const [objects] = openAll([new Uint8Array(vectorBytes('snp', name, 'auxblob.bin'))])
  const vcek = new Uint8Array(vectorBytes('snp', name, 'vcek.der'))
  t.match(objects, { length: 3 })
  t.same((objects as readonly Bytes[])[2], vcek)
  const { veks, others, problems } = await sort([objects as readonly Bytes[]])
  t.same([veks.length, others.length, problems], [1, 0, []], 'AMD’s own are known')
})

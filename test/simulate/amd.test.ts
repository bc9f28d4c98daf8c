// SPDX-License-Identifier: Apache-2.0

import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import t from 'tap'
import { SIGNED_LEN } from '../../assembly/snp/layout.js'
import { decodeTcb, parseSnpReport } from '../../src/core/snp.js'
import { generateAmdKeys, mintAmd, mintCrl, signReport } from '../../src/simulate/amd.js'
import { MODELS, mintReport } from '../fake/snp.js'

const notBefore = new Date('2026-01-01T00:00:00Z')

t.test('simulated AMD: a chain that another verifier accepts', async (t) => {
  const keys = await generateAmdKeys()
  const chipId = new Uint8Array(64).fill(0xc1)
  const identity = { chipId, cspId: 'CN=cloud.example', notBefore }
  for (const product of ['Milan', 'Genoa', 'Turin'] as const) {
    for (const kind of ['vcek', 'vlek'] as const) {
      const tcb = decodeTcb(Uint8Array.from(MODELS[product].tcb), product)
      const minted = await mintAmd({ ...identity, product, kind, tcb }, keys)
      const [ark, authority, vek] = [minted.ark, minted.authority, minted.vek].map(
        (der) => new X509Certificate(der),
      )
      if (!ark || !authority || !vek) throw new Error('minted')
      t.ok(ark.verify(ark.publicKey) && ark.checkIssued(ark), `${product} ${kind} root`)
      t.ok(authority.verify(ark.publicKey) && authority.checkIssued(ark), 'intermediate')
      t.ok(vek.verify(authority.publicKey) && vek.checkIssued(authority), 'endorsement key')
      t.match(vek.subject, `CN=SEV-${kind.toUpperCase()}`)
      t.match(vek.issuer, kind === 'vcek' ? `CN=SEV-${product}` : `CN=SEV-VLEK-${product}`)
      t.equal(Date.parse(vek.validFrom), notBefore.getTime())
      t.equal(new Date(vek.validTo).getUTCFullYear(), kind === 'vcek' ? 2033 : 2027)
      t.equal(Number(`0x${vek.serialNumber}`), 0)
    }
  }
})

t.test('simulated AMD: a report that another verifier accepts', async (t) => {
  const keys = await generateAmdKeys()
  const unsigned = mintReport()
  const signed = await signReport(unsigned, keys)
  t.not(signed, unsigned, 'a copy')
  t.same(signed.subarray(0, SIGNED_LEN), unsigned.subarray(0, SIGNED_LEN))
  const { signature, signedBytes } = parseSnpReport(signed)
  const spki = Buffer.from(await crypto.subtle.exportKey('spki', keys.vek.publicKey))
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  t.ok(verify('sha384', signedBytes, { key, dsaEncoding: 'ieee-p1363' }, signature))
})

t.test('simulated AMD: a CRL names its root and what it took back', async (t) => {
  const keys = await generateAmdKeys()
  const content = {
    product: 'Turin',
    number: 2,
    thisUpdate: notBefore,
    nextUpdate: notBefore,
  } as const
  const der = Buffer.from(await mintCrl({ ...content, revoked: [0x030001] }, keys))
  t.ok(der.includes('ARK-Turin'))
  t.ok(der.includes(Buffer.from('0203030001', 'hex')), 'the serial as an INTEGER')
  const empty = Buffer.from(await mintCrl({ ...content, revoked: [] }, keys))
  t.notOk(empty.includes(Buffer.from('0203030001', 'hex')))
})

// SPDX-License-Identifier: Apache-2.0
// Whatever our reader takes, readers of other authors take too, and see the same in it.

import { X509Certificate } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { derObjects } from '../../src/pem.js'
import { type Crl, parseCrl } from '../../src/verify/crl.js'
import { type Certificate, parseCertificate } from '../../src/verify/x509.js'
import { mintAmd } from '../fake/amd.js'
import { mutate, random } from '../fuzz/mutate.js'
import { codeOf, hex } from '../helpers.js'
import { encodeCertificate, encodeCrl, readCertificate, readCrl } from '../oracle/x509.js'
import { skip, vectorBytes, vectorPath, vectors } from '../vectors.js'

type Bytes = Uint8Array<ArrayBuffer>

const plainCertificate = ({ isP384, pss, ecdsa, ...rest }: Certificate) => ({
  ...rest,
  notBefore: rest.notBefore.toISOString(),
  notAfter: rest.notAfter.toISOString(),
  spki: hex(rest.spki),
  extensions: [...rest.extensions].map(([oid, value]) => [oid, hex(value)]),
  tbs: hex(rest.tbs),
  signature: hex(rest.signature),
})

const plainCrl = ({ pss, ecdsa, number, ...rest }: Crl) => ({
  ...rest,
  thisUpdate: rest.thisUpdate.toISOString(),
  nextUpdate: rest.nextUpdate.toISOString(),
  revoked: [...rest.revoked],
  tbs: hex(rest.tbs),
  signature: hex(rest.signature),
})

const NAMES = /^(vcek|vlek|ark|ask|asvk|cert_chain|crl).*\.(der|pem)$/

/** Certificates and CRLs of all real vectors, each content once. */
function real(): Bytes[] {
  const found = new Map<string, Bytes>()
  for (const name of vectors('snp')) {
    for (const file of readdirSync(vectorPath('snp', name)).filter((f) => NAMES.test(f))) {
      const bytes = new Uint8Array(vectorBytes('snp', name, file))
      if (codeOf(() => derObjects(bytes)) !== null) continue
      for (const der of derObjects(bytes)) found.set(hex(der), der)
    }
  }
  return [...found.values()]
}

/** Which of the two it is, by the element after the header of the signed part. */
const isCrl = (der: Bytes) => der[8] === 0x02

t.test('differential: every real certificate and CRL', { skip }, async (t) => {
  const corpus = real()
  t.ok(corpus.length > 60, `${corpus.length} objects`)
  for (const der of corpus) {
    if (isCrl(der)) t.match(plainCrl(parseCrl(der)), readCrl(der))
    else t.same(plainCertificate(parseCertificate(der)), readCertificate(der))
    t.equal(isCrl(der) ? encodeCrl(der) : encodeCertificate(der), hex(der))
  }
})

const INPUTS = 4_000

t.test('differential: mutated ones', async (t) => {
  const amd = await mintAmd()
  const crls = [await amd.crl(), await amd.crl({ revoked: [0x010001, 5] })]
  for (const [what, seeds] of Object.entries({ certificates: amd.chain, crls })) {
    const next = random(20_261_121)
    let accepted = 0
    for (let i = 0; i < INPUTS; i++) {
      const der = new Uint8Array(mutate(seeds, next))
      const read = what === 'crls' ? parseCrl : parseCertificate
      if (codeOf(() => read(der)) !== null) continue
      accepted++
      const problem = what === 'crls' ? compareCrl(der) : compareCertificate(der)
      if (problem) t.fail(`${problem}: ${hex(der)}`)
    }
    t.ok(accepted > INPUTS / 20, `${accepted} of ${what} accepted`)
  }
})

/** What is wrong with what we took, or null. */
function compareCertificate(der: Bytes): string | null {
  const theirs = readCertificate(der)
  if (!isDeepStrictEqual(plainCertificate(parseCertificate(der)), theirs)) return 'read differently'
  if (encodeCertificate(der) !== hex(der)) return 'not the one encoding'
  const { serialNumber } = new X509Certificate(der)
  return BigInt(`0x${serialNumber}`) === BigInt(`0x${theirs.serial}`) ? null : 'another serial'
}

function compareCrl(der: Bytes): string | null {
  if (!isDeepStrictEqual(plainCrl(parseCrl(der)), readCrl(der))) return 'read differently'
  return encodeCrl(der) === hex(der) ? null : 'not the one encoding'
}

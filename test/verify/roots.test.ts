// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { AMD_AUTHORITIES } from '../../src/verify/amd-authorities.js'
import { amdName, authorityOf, PRODUCTS, rootName } from '../../src/verify/names.js'
import { PINNED, pinnedKey, recognize, sha256 } from '../../src/verify/roots.js'
import { parseCertificate } from '../../src/verify/x509.js'
import { mintAmd } from '../fake/amd.js'
import { skip, vectorBytes, vectorPath } from '../vectors.js'

/** SPKI SHA-256 of AMD's roots, written down apart from the generated constants. */
const ROOTS: Record<string, string> = {
  'ARK-Milan': '9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9',
  'ARK-Genoa': '429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831',
  'ARK-Turin': '4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08',
}

/** Where the real certificate behind each constant is, by serial. */
const FILES: Record<string, readonly [vector: string, file: string]> = {
  '010000': ['ca-milan', 'ark.der'],
  '010001': ['ca-milan', 'ask.der'],
  '010101': ['ca-milan', 'asvk.der'],
  '020000': ['ca-genoa', 'ark.der'],
  '020001': ['ca-genoa', 'ask-revoked.der'],
  '020002': ['ca-genoa', 'ask.der'],
  '020101': ['ca-genoa', 'asvk.der'],
  '030000': ['ca-turin', 'ark.der'],
  '030001': ['ca-turin', 'ask.der'],
  '030101': ['ca-turin', 'asvk.der'],
}

t.test('roots: the keys are the ones whose digests are pinned', async (t) => {
  for (const { commonName, spkiSha256, spki } of AMD_AUTHORITIES) {
    const digest = createHash('sha256').update(Buffer.from(spki, 'base64')).digest('hex')
    t.equal(digest, spkiSha256, commonName)
    if (commonName.startsWith('ARK-')) t.equal(digest, ROOTS[commonName], commonName)
  }
})

t.test('roots: one root and two intermediates per product, and one revoked', async (t) => {
  for (const product of PRODUCTS) {
    const below = PINNED.filter(({ issuer }) => issuer === rootName(product))
    const [root, ...rest] = below
    t.equal(root?.subject, rootName(product))
    const kinds = rest.filter(({ revoked }) => !revoked).map(({ subject }) => authorityOf(subject))
    t.same(kinds, [
      { kind: 'vcek', product },
      { kind: 'vlek', product },
    ])
  }
  t.same(
    PINNED.filter(({ revoked }) => revoked).map(({ serial }) => serial),
    ['020001'],
  )
  t.equal(PINNED.length, Object.keys(FILES).length)
})

t.test('roots: constants say what the real certificates say', { skip }, async (t) => {
  for (const pinned of PINNED) {
    const der = new Uint8Array(vectorBytes('snp', ...(FILES[pinned.serial] as [string, string])))
    const { subject, issuer, serial, notBefore, notAfter, spki } = parseCertificate(der)
    const { revoked, spkiSha256, keyUsage, ...rest } = pinned
    t.same({ subject, issuer, serial, notBefore, notAfter, spki }, rest, subject)
    t.equal(await recognize(der), pinned)
  }
})

t.test('roots: the generator makes the same constants again', { skip }, async (t) => {
  const paths = PINNED.map(({ serial }) => {
    const [vector, file] = FILES[serial] as [string, string]
    return vectorPath('snp', vector, file)
  })
  const root = path.resolve(import.meta.dirname, '../..')
  const tool = path.join(root, 'tools/amd-authorities.mjs')
  const { stdout } = spawnSync(process.execPath, [tool, ...paths], { encoding: 'utf8' })
  t.equal(stdout, readFileSync(path.join(root, 'src/verify/amd-authorities.ts'), 'utf8'))
})

t.test('roots: what is not AMD’s is not recognized', async (t) => {
  const { ark } = await mintAmd()
  t.equal(await recognize(ark), undefined)
  const root = parseCertificate(ark)
  t.equal(root.subject, amdName('ARK-Milan'))
  t.equal(pinnedKey(root), undefined)
  t.equal(pinnedKey(PINNED[0] as (typeof PINNED)[0]), PINNED[0])
})

t.test('roots: digests are made once per object', async (t) => {
  const bytes = Uint8Array.of(1, 2, 3)
  t.equal(await sha256(bytes), createHash('sha256').update(bytes).digest('hex'))
  t.equal(sha256(bytes), sha256(bytes))
})

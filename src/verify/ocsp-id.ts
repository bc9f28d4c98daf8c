// SPDX-License-Identifier: Apache-2.0
// CertID (RFC 6960 section 4.1.1): which certificate an OCSP request or response is about, by its
// serial, and by hashes of name and key of its issuer.

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { remember } from './cache.js'
import { CONTEXT_0, DerReader, INTEGER, SEQUENCE } from './der.js'
import { readBits } from './der-values.js'
import type { CertId, OcspHash } from './ocsp-single.js'
import type { Certificate } from './x509.js'

interface Hashes {
  readonly name: Bytes
  readonly key: Bytes
}

type Issuer = Pick<Certificate, 'tbs' | 'spki'>

const known: Readonly<Record<OcspHash, WeakMap<Issuer, Promise<Hashes>>>> = {
  'SHA-1': new WeakMap(),
  'SHA-256': new WeakMap(),
  'SHA-384': new WeakMap(),
}

/** Whether a CertID names a certificate of this issuer. */
export async function isOf(id: CertId, issuer: Issuer): Promise<boolean> {
  const { name, key } = await hashesOf(issuer, id.hash)
  return equalBytes(name, id.issuerNameHash) && equalBytes(key, id.issuerKeyHash)
}

/** The hashes that stand for an issuer in a CertID; of the key, without what says which kind it is. */
export function hashesOf(issuer: Issuer, hash: OcspHash): Promise<Hashes> {
  return remember(known[hash], issuer, async () => {
    const [name, key] = await Promise.all(
      [subjectOf(issuer.tbs), bitsOf(issuer.spki)].map((part) => crypto.subtle.digest(hash, part)),
    )
    return { name: new Uint8Array(name as ArrayBuffer), key: new Uint8Array(key as ArrayBuffer) }
  })
}

/** The subject as it is encoded. The certificate has been parsed, so that all of this is there. */
function subjectOf(tbs: Bytes): Bytes {
  const body = new DerReader(tbs).inside(SEQUENCE)
  for (const tag of [CONTEXT_0, INTEGER, SEQUENCE, SEQUENCE, SEQUENCE]) body.inside(tag)
  return body.element(SEQUENCE)
}

function bitsOf(spki: Bytes): Bytes {
  const info = new DerReader(spki).inside(SEQUENCE)
  info.inside(SEQUENCE)
  return readBits(info)
}

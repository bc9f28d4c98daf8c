// SPDX-License-Identifier: Apache-2.0
// The signatures of an appraisal and nothing else: WebCrypto called one by one with arguments that
// lie ready. Keys are imported where an appraisal has to import them.

import type { Bytes } from '../src/core/private-copy.js'
import { parseSnpReport } from '../src/core/snp.js'
import { parseCrl } from '../src/verify/crl.js'
import { parseCertificate } from '../src/verify/x509.js'

const RSA_PSS = { name: 'RSA-PSS', hash: 'SHA-384' }
const RSA_PSS_VERIFY = { name: 'RSA-PSS', saltLength: 48 }
const P384 = { name: 'ECDSA', namedCurve: 'P-384' }
const P384_VERIFY = { name: 'ECDSA', hash: 'SHA-384' }

interface Signed {
  readonly signature: Bytes
  readonly data: Bytes
}

/** The signatures of one piece of evidence. */
export interface Signatures {
  readonly report: Signed
  /** SubjectPublicKeyInfo of the VCEK or VLEK. */
  readonly vek: Bytes
  /** Certificates and CRL, each with the key that signed it: to be imported, or at hand. */
  readonly endorsements: readonly (Signed & { readonly issuer: Bytes | CryptoKey })[]
}

export const importRsa = (spki: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey('spki', spki, RSA_PSS, false, ['verify'])

export const importP384 = (spki: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey('spki', spki, P384, false, ['verify'])

/** Every key that is not at hand, and every signature. */
export async function verifyAll({ report, vek, endorsements }: Signatures): Promise<void> {
  const keys = new Map<Bytes, CryptoKey>()
  for (const { issuer, signature, data } of endorsements) {
    const key = 'type' in issuer ? issuer : (keys.get(issuer) ?? (await importRsa(issuer)))
    if (!('type' in issuer)) keys.set(issuer, key)
    good(await crypto.subtle.verify(RSA_PSS_VERIFY, key, signature, data))
  }
  await verifyReport(await importP384(vek), report)
}

/** One ECDSA P-384 verification. */
export async function verifyReport(key: CryptoKey, { signature, data }: Signed): Promise<void> {
  good(await crypto.subtle.verify(P384_VERIFY, key, signature, data))
}

function good(valid: boolean): void {
  if (!valid) throw new Error('the bench measures a bad signature')
}

export function reportSignature(report: Bytes): Signed {
  const { signature, signedBytes } = parseSnpReport(report)
  return { signature, data: signedBytes }
}

export function certificateSignature(der: Bytes): Signed {
  const { signature, tbs } = parseCertificate(der)
  return { signature, data: tbs }
}

export function crlSignature(der: Bytes): Signed {
  const { signature, tbs } = parseCrl(der)
  return { signature, data: tbs }
}

export const spkiOf = (der: Bytes): Bytes => parseCertificate(der).spki

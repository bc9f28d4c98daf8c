// SPDX-License-Identifier: Apache-2.0
// Signatures, all of them through WebCrypto. Keys are imported and certificates verified once per
// content, which parses to the same object; the signature of evidence is verified every time.

import type { Bytes } from '../core/private-copy.js'
import { ContentCache, remember } from './cache.js'
import { p384Point } from './p384.js'
import { isAffordableRsa } from './rsa.js'
import type { Signed } from './signed.js'
import type { Identity } from './x509.js'

const RSA_PSS: RsaHashedImportParams = { name: 'RSA-PSS', hash: 'SHA-384' }
const RSA_PSS_VERIFY: RsaPssParams = { name: 'RSA-PSS', saltLength: 48 }
const P384: EcKeyImportParams = { name: 'ECDSA', namedCurve: 'P-384' }
const P384_VERIFY: EcdsaParams = { name: 'ECDSA', hash: 'SHA-384' }

type Key = Promise<CryptoKey | null>
type Verdict = Promise<boolean>

const rsaKeys = new WeakMap<Bytes, Key>()
/** A guessed key is cut out anew every time: the first cut stands for all of the same content. */
const p384Spkis = new ContentCache<Bytes>(64)
const p384Keys = new WeakMap<Bytes, Key>()
const verdicts = new WeakMap<Signed, WeakMap<Bytes, Verdict>>()

/** Whether the key of `issuer` signed this certificate or CRL, with AMD's only algorithm. */
export function isSignedBy(signed: Signed, { spki }: Identity): Verdict {
  let known = verdicts.get(signed)
  if (known === undefined) {
    known = new WeakMap()
    verdicts.set(signed, known)
  }
  return remember(known, spki, () => verifyPss(signed, spki))
}

async function verifyPss({ pss, tbs, signature }: Signed, spki: Bytes): Verdict {
  if (!pss || !isAffordableRsa(spki)) return false
  const key = await remember(rsaKeys, spki, () => importRsa(spki))
  return key !== null && unlessBad(crypto.subtle.verify(RSA_PSS_VERIFY, key, signature, tbs), false)
}

/**
 * Verifies ECDSA P-384 with SHA-384; `signature` is r || s. False as well when `spki` is not such a
 * key, as when its point is not on the curve.
 */
export async function verifyP384(spki: Bytes, signature: Bytes, data: Bytes): Verdict {
  const key = await p384Key(spki)
  return key !== null && crypto.subtle.verify(P384_VERIFY, key, signature, data)
}

/** The key that `verifyP384` uses; null when `spki` is not one. */
export function p384Key(spki: Bytes): Key {
  const point = p384Point(spki)
  if (point === null) return Promise.resolve(null)
  // Bare points are imported several times as fast as with the algorithm around them.
  return remember(
    p384Keys,
    p384Spkis.get(spki, () => spki),
    () => unlessBad(crypto.subtle.importKey('raw', point, P384, false, ['verify']), null),
  )
}

const importRsa = (spki: Bytes): Key =>
  unlessBad(crypto.subtle.importKey('spki', spki, RSA_PSS, false, ['verify']), null)

/**
 * WebCrypto says with a DOMException that the key is bad: at import, or only when it is used, as
 * with an RSA key too short for the salt. Anything else is not about the key.
 */
async function unlessBad<Value, Bad>(operation: Promise<Value>, bad: Bad): Promise<Value | Bad> {
  try {
    return await operation
  } catch (error) {
    if (error instanceof DOMException) return bad
    throw error
  }
}

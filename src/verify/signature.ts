// SPDX-License-Identifier: Apache-2.0
// Signatures, all of them through WebCrypto. Keys are imported and certificates verified once per
// content, which parses to the same object; the signature of evidence is verified every time.

import type { Bytes } from '../core/private-copy.js'
import { ContentCache, remember } from './cache.js'
import { p384Point, p384Signature } from './p384.js'
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
type Verdicts = WeakMap<Signed, WeakMap<Bytes, Verdict>>
const pssVerdicts: Verdicts = new WeakMap()
const ecdsaVerdicts: Verdicts = new WeakMap()

/** Whether the key of `issuer` signed this certificate or CRL, with AMD's only algorithm. */
export function isSignedBy(signed: Signed, { spki }: Identity): Verdict {
  return once(pssVerdicts, signed, spki, () => verifyPss(signed, spki))
}

/** Whether the key of `issuer` signed this, with NVIDIA's only algorithm: ECDSA, P-384, SHA-384. */
export function isEcdsaSignedBy(signed: Signed, { spki }: Pick<Identity, 'spki'>): Verdict {
  return once(ecdsaVerdicts, signed, spki, () => verifyEcdsa(signed, spki))
}

function once(verdicts: Verdicts, signed: Signed, spki: Bytes, verify: () => Verdict): Verdict {
  let known = verdicts.get(signed)
  if (known === undefined) {
    known = new WeakMap()
    verdicts.set(signed, known)
  }
  return remember(known, spki, verify)
}

async function verifyEcdsa({ ecdsa, tbs, signature }: Signed, spki: Bytes): Verdict {
  const halves = ecdsa ? p384Signature(signature) : null
  return halves !== null && verifyP384(spki, halves, tbs)
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

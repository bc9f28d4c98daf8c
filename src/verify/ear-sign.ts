// SPDX-License-Identifier: Apache-2.0
// Signs an EAR as a compact JWS (RFC 7515, 8725), with a key of the relying party. There is no form
// without a signature: what is not signed is a plain JSON document.

import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { CompactSign } from 'jose/jws/compact/sign'
import { exportJWK } from 'jose/key/export'
import { importJWK, importPKCS8 } from 'jose/key/import'
import { AttestationError } from '../errors.js'
import type { EarClaims } from './ear.js'

/** Media type of the payload (RFC 9782), without `application/`. */
const TYPE = 'eat+jwt'

/** Algorithms that a key may sign with; the key says which one it is. */
export type EarAlgorithm = 'ES256' | 'ES384' | 'EdDSA'

/** A private key: from WebCrypto, as JWK, or as PKCS#8 in PEM. */
export type EarKey = CryptoKey | JsonWebKey | string

/** A key that was found fit to sign. */
export interface EarSigner {
  readonly key: CryptoKey
  readonly algorithm: EarAlgorithm
  /** Names the key in the header; undefined when nothing names it. */
  readonly keyId: string | undefined
}

const CURVES: Readonly<Record<string, EarAlgorithm>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  Ed25519: 'EdDSA',
}
const ALGORITHMS = [...new Set(Object.values(CURVES))]
const FITTING = 'a private key on P-256, P-384 or Ed25519'

/**
 * Signs a claims set. The header names algorithm, type and, if there is one, the key: by `keyId`,
 * else by `kid` of a JWK, else by the RFC 7638 thumbprint of the public key, which a `CryptoKey`
 * does not tell.
 *
 * @returns the compact serialization
 * @throws {AttestationError} `ERR_EAR_KEY` when the key may not or cannot sign; `ERR_ARGUMENT` when
 *   the claims do not expire, because a result does not stay true
 */
export async function signEar(claims: EarClaims, key: EarKey, keyId?: string): Promise<string> {
  if (typeof claims.exp !== 'number') {
    throw new AttestationError('ERR_ARGUMENT', 'an EAR that is signed has to expire: expiresAt')
  }
  const signer = await earSigner(key, keyId)
  const header = { alg: signer.algorithm, typ: TYPE }
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader(signer.keyId === undefined ? header : { ...header, kid: signer.keyId })
    .sign(signer.key)
}

/**
 * Looks at a key before there is anything to sign.
 *
 * @param keyId name of the key, instead of the one that it would have
 * @throws {AttestationError} `ERR_EAR_KEY` for anything but a private key on P-256, P-384 or Ed25519
 *   that may sign
 */
export async function earSigner(key: EarKey, keyId?: string): Promise<EarSigner> {
  try {
    if (typeof key === 'string') return await jwkSigner(await readText(key), keyId)
    return isCryptoKey(key) ? cryptoKeySigner(key, keyId) : await jwkSigner(key, keyId)
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    throw unfit(`${FITTING} expected`, { cause })
  }
}

const isCryptoKey = (key: CryptoKey | JsonWebKey): key is CryptoKey =>
  (key as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'CryptoKey'

function cryptoKeySigner(key: CryptoKey, keyId: string | undefined): EarSigner {
  const { name, namedCurve } = key.algorithm as EcKeyAlgorithm
  if (key.type !== 'private') throw unfit(`a private key expected, got a ${key.type} one`)
  if (!key.usages.includes('sign')) throw unfit('the usages of the key lack "sign"')
  const algorithm = name === 'ECDSA' ? CURVES[namedCurve] : CURVES[name]
  if (!algorithm) throw unfit(`${FITTING} expected`)
  return { key, algorithm, keyId }
}

async function jwkSigner(jwk: JsonWebKey, keyId: string | undefined): Promise<EarSigner> {
  const { kty, crv = '', d, use, key_ops, alg, kid } = jwk as JsonWebKey & { kid?: unknown }
  if (kty !== 'EC' && kty !== 'OKP') throw unfit(`${FITTING} expected`)
  const algorithm = CURVES[crv]
  if (!algorithm) throw unfit(`${FITTING} expected`)
  if (d === undefined) throw unfit('a private key expected, got a public one')
  if (use !== undefined && use !== 'sig') throw unfit('"use" of the key is not "sig"')
  if (key_ops && !key_ops.includes('sign')) throw unfit('"key_ops" of the key lack "sign"')
  // RFC 9864 renames EdDSA to what it is here.
  if (alg !== undefined && alg !== algorithm && alg !== crv) {
    throw unfit(`"alg" of the key is not ${algorithm}`)
  }
  const given = typeof kid === 'string' ? kid : undefined
  return {
    key: (await importJWK(jwk as Parameters<typeof importJWK>[0], algorithm)) as CryptoKey,
    algorithm,
    keyId: keyId ?? given ?? (await calculateJwkThumbprint(jwk as never)),
  }
}

/** A key file, in one of the two forms. */
async function readText(text: string): Promise<JsonWebKey> {
  const trimmed = text.trim()
  if (trimmed.startsWith('{')) return JSON.parse(trimmed) as JsonWebKey
  if (!trimmed.startsWith('-----BEGIN PRIVATE KEY-----')) {
    throw unfit('a private JWK or PKCS#8 in PEM ("BEGIN PRIVATE KEY") expected')
  }
  for (const algorithm of ALGORITHMS) {
    // Only the algorithm that the key is for reads it.
    const key = await importPKCS8(trimmed, algorithm, { extractable: true }).catch(() => null)
    if (key) return (await exportJWK(key)) as JsonWebKey
  }
  throw unfit(`${FITTING} expected`)
}

const unfit = (message: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_EAR_KEY', message, options)

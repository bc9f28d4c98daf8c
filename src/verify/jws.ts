// SPDX-License-Identifier: Apache-2.0
// Opens a compact JWS (RFC 7515, 8725): the algorithm is ours to choose, the key is the caller's, and
// what the header says about either is only compared.

import { fromBase64 } from '../encoding.js'
import { AttestationError, type Code } from '../errors.js'
import { parseJson } from '../evidence.js'
import type { KeyRing, TokenAlgorithm } from './jwk-set.js'

/** How an issuer signs. */
export interface Signing {
  readonly algorithms: readonly TokenAlgorithm[]
  /** Key sets that the header may name in `jku`: they are the issuer's own, and not asked here. */
  readonly keySets: readonly string[]
}

/** A JSON object that was signed. */
export type Claims = Readonly<Record<string, unknown>>

/** Both numbers of an ECDSA signature on P-384, one after the other (RFC 7518 section 3.4). */
const ES384_LEN = 96
const PARTS = /^([\w-]+)\.([\w-]+)\.([\w-]*)$/
/** Whatever else stands in a header brings a key along, or changes how the token is read. */
const HEADER_NAMES: readonly string[] = ['alg', 'kid', 'typ', 'jku']
const KEY_NAMES = ['jwk', 'x5c', 'x5u', 'x5t', 'x5t#S256']

/**
 * The payload of a token, once its signature is verified.
 *
 * @throws {AttestationError} `ERR_TOKEN_ENCODING`, `ERR_TOKEN_HEADER`, `ERR_TOKEN_ALGORITHM`,
 * `ERR_TOKEN_KEY`, `ERR_TOKEN_SIGNATURE_FORMAT`, `ERR_TOKEN_SIGNATURE`
 */
export async function openJws(token: string, ring: KeyRing, signing: Signing): Promise<Claims> {
  const [, header, payload, signature] = token.match(PARTS) ?? []
  if (header === undefined || payload === undefined || signature === undefined) {
    throw wrong('ERR_TOKEN_ENCODING', 'three parts in base64url without padding expected')
  }
  const { algorithm, kid } = checkHeader(jsonObject(header, 'header'), signing)
  const key = await ring.key(kid, algorithm)
  const { length } = decode(signature, 'signature')
  if (algorithm === 'ES384' && length !== ES384_LEN) {
    throw wrong(
      'ERR_TOKEN_SIGNATURE_FORMAT',
      `a signature of ${ES384_LEN} bytes expected, r and s as they are, got ${length}`,
    )
  }
  const claims = jsonObject(payload, 'payload')
  await verify(token, key, algorithm)
  return claims
}

function checkHeader(header: Claims, { algorithms, keySets }: Signing) {
  const { alg, kid, typ = 'JWT', jku } = header
  const brought = KEY_NAMES.find((name) => name in header)
  if (brought !== undefined) {
    throw wrong('ERR_TOKEN_HEADER', `the header brings a key of its own along in "${brought}"`)
  }
  if (!Object.keys(header).every((name) => HEADER_NAMES.includes(name))) {
    throw wrong('ERR_TOKEN_HEADER', `the header has more than ${HEADER_NAMES.join(', ')}`)
  }
  if (jku !== undefined && !keySets.includes(jku as string)) {
    throw wrong('ERR_TOKEN_HEADER', 'the header names a key set of its own in "jku"')
  }
  if (typ !== 'JWT') throw wrong('ERR_TOKEN_HEADER', '"typ" of the header is not "JWT"')
  const algorithm = algorithms.find((candidate) => candidate === alg)
  if (algorithm === undefined) {
    throw wrong('ERR_TOKEN_ALGORITHM', `"alg" of the header is not ${algorithms.join(' or ')}`)
  }
  if (typeof kid !== 'string') throw wrong('ERR_TOKEN_KEY', 'the header names no key in "kid"')
  return { algorithm, kid }
}

async function verify(token: string, key: CryptoKey, algorithm: TokenAlgorithm): Promise<void> {
  // Only for those who have a token.
  const { compactVerify } = await import('jose/jws/compact/verify')
  try {
    await compactVerify(token, key, { algorithms: [algorithm] })
  } catch (cause) {
    const detail = 'the key named in "kid" did not sign this token'
    throw new AttestationError('ERR_TOKEN_SIGNATURE', detail, { cause })
  }
}

function jsonObject(part: string, name: string): Claims {
  const value = parseJson(decode(part, name), 'ERR_TOKEN_ENCODING')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong('ERR_TOKEN_ENCODING', `the ${name} is not a JSON object`)
  }
  return value as Claims
}

/** Canonical base64url, no stray bits: otherwise one token would have several spellings. */
function decode(part: string, name: string): Uint8Array {
  const padded = part.padEnd(Math.ceil(part.length / 4) * 4, '=')
  try {
    return fromBase64(padded.replaceAll('-', '+').replaceAll('_', '/'), name)
  } catch (cause) {
    const detail = `the ${name} is not canonical base64url`
    throw new AttestationError('ERR_TOKEN_ENCODING', detail, { cause })
  }
}

const wrong = (code: Code, message: string): AttestationError => new AttestationError(code, message)

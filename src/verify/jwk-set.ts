// SPDX-License-Identifier: Apache-2.0
// The keys that tokens may be signed with: a JWK Set (RFC 7517 section 5) that the caller got from
// the issuer, and nothing that a token brings along.

import { AttestationError } from '../errors.js'

/** As the issuer publishes it. */
export interface JwkSet {
  readonly keys: readonly JsonWebKey[]
}

/** Algorithms of tokens that we verify; every issuer has its own. */
export type TokenAlgorithm = 'ES384' | 'PS384' | 'RS256'

/** What a key has to be for an algorithm, and its members that make the public key. */
const KINDS = {
  ES384: { kty: 'EC', crv: 'P-384', members: ['crv', 'x', 'y'] },
  PS384: { kty: 'RSA', crv: undefined, members: ['n', 'e'] },
  RS256: { kty: 'RSA', crv: undefined, members: ['n', 'e'] },
} as const

/** WebCrypto takes shorter ones (RFC 7518 sections 3.3 and 3.5). */
const RSA_BITS_MIN = 2048

type Member = keyof JsonWebKey | 'kid'
type Jwk = Readonly<Partial<Record<Member, unknown>>>

/** The keys of one set, each of them imported once. */
export class KeyRing {
  readonly #keys: readonly Jwk[]
  readonly #imported = new Map<string, Promise<CryptoKey>>()

  /** @throws {AttestationError} `ERR_TOKEN_KEY` for anything but an object with a list of objects */
  constructor(set: JwkSet) {
    const { keys } = (set ?? {}) as { keys?: unknown }
    if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'object' && key !== null)) {
      throw unfit('a JWK Set has "keys", a list of objects')
    }
    this.#keys = keys
  }

  /**
   * The key of that name, fit for that algorithm.
   *
   * @throws {AttestationError} `ERR_TOKEN_KEY`
   */
  async key(kid: string, algorithm: TokenAlgorithm): Promise<CryptoKey> {
    const name = `${algorithm} ${kid}`
    let key = this.#imported.get(name)
    if (key === undefined) {
      key = importKey(this.#find(kid), algorithm)
      this.#imported.set(name, key)
    }
    return key
  }

  #find(kid: string): Jwk {
    const [key, ...others] = this.#keys.filter((candidate) => candidate.kid === kid)
    if (key === undefined) throw unfit('the JWK Set has no key of the name in "kid"')
    if (others.length > 0) throw unfit('the JWK Set has several keys of the name in "kid"')
    return key
  }
}

async function importKey(jwk: Jwk, algorithm: TokenAlgorithm): Promise<CryptoKey> {
  const { kty, crv, members } = KINDS[algorithm]
  if (jwk.kty !== kty || jwk.crv !== crv) throw unfit(`the key is none for ${algorithm}`)
  if ('d' in jwk) throw unfit('a public key expected, got a private one')
  if (![undefined, algorithm].includes(jwk.alg as undefined)) {
    throw unfit(`"alg" of the key is not ${algorithm}`)
  }
  const { use = 'sig', key_ops: operations = ['verify'] } = jwk
  if (use !== 'sig' || !Array.isArray(operations) || !operations.includes('verify')) {
    throw unfit('the key is for another use than signatures')
  }
  const parts = Object.fromEntries(members.map((member) => [member, jwk[member]]))
  const key = await read({ kty, ...parts }, algorithm)
  const { modulusLength = RSA_BITS_MIN } = key.algorithm as Partial<RsaKeyAlgorithm>
  if (modulusLength < RSA_BITS_MIN) throw unfit(`an RSA key of less than ${RSA_BITS_MIN} bits`)
  return key
}

async function read(jwk: object, algorithm: TokenAlgorithm): Promise<CryptoKey> {
  // Only for those who have a token.
  const { importJWK } = await import('jose/key/import')
  try {
    return (await importJWK(jwk, algorithm)) as CryptoKey
  } catch (cause) {
    throw unfit('the key is no key', { cause })
  }
}

const unfit = (message: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_TOKEN_KEY', message, options)

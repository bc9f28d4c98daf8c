// SPDX-License-Identifier: Apache-2.0
// SHA-384 and SHA-512 (FIPS 180-4) in the core: at once, two at once, or piece by piece.

import { isBytes } from '@noble/hashes/utils.js'
import { AttestationError } from '../errors.js'
import { call, put } from './core.js'
import type { Bytes } from './private-copy.js'

/** Names as in WebCrypto. */
export type Sha2Algorithm = 'SHA-384' | 'SHA-512'

const DIGEST_LEN: Record<Sha2Algorithm, number> = { 'SHA-384': 48, 'SHA-512': 64 }
const BLOCK_LEN = 128
/** The state between two blocks, opaque to JavaScript. */
const CHAIN_LEN = 64

/**
 * SHA-384 (48 bytes) of `bytes`, of any length.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` when `bytes` is not a `Uint8Array`
 */
export function sha384(bytes: Uint8Array): Bytes {
  return digest('SHA-384', bytes)
}

/**
 * SHA-512 (64 bytes) of `bytes`, of any length.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` when `bytes` is not a `Uint8Array`
 */
export function sha512(bytes: Uint8Array): Bytes {
  return digest('SHA-512', bytes)
}

/**
 * SHA-384 of each of two messages; one crossing when they fit the window of the core together.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` when one of them is not a `Uint8Array`
 */
export function sha384Pair(first: Uint8Array, second: Uint8Array): [Bytes, Bytes] {
  return digestPair('SHA-384', first, second)
}

/**
 * SHA-512 of each of two messages; one crossing when they fit the window of the core together.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` when one of them is not a `Uint8Array`
 */
export function sha512Pair(first: Uint8Array, second: Uint8Array): [Bytes, Bytes] {
  return digestPair('SHA-512', first, second)
}

/**
 * Hashes a message that arrives piece by piece, up to 2^53 bytes. Hashers do not disturb each
 * other: all state is their own.
 */
export class Sha2 {
  readonly #digestLength: number
  /** The chaining value, then the bytes of the block that is not full yet. */
  readonly #state = new Uint8Array(CHAIN_LEN + BLOCK_LEN)
  #length = 0

  /** @throws {AttestationError} `ERR_ARGUMENT` when there is no such algorithm */
  constructor(algorithm: Sha2Algorithm) {
    if (!Object.hasOwn(DIGEST_LEN, algorithm)) {
      throw new AttestationError('ERR_ARGUMENT', 'algorithm SHA-384 or SHA-512 expected')
    }
    this.#digestLength = DIGEST_LEN[algorithm]
    call((c) => {
      c.x.sha2Start(this.#digestLength)
      this.#state.set(c.output.subarray(0, CHAIN_LEN))
    })
  }

  /**
   * Appends `bytes` to the message.
   *
   * @throws {AttestationError} `ERR_ARGUMENT` when `bytes` is not a `Uint8Array`
   */
  update(bytes: Uint8Array): this {
    if (!isBytes(bytes)) {
      throw new AttestationError('ERR_ARGUMENT', 'message expected as a Uint8Array')
    }
    for (let at = 0; at < bytes.length; ) at += this.#take(bytes.subarray(at))
    return this
  }

  /** The digest of the message so far; more may follow. */
  digest(): Bytes {
    return call((c) => {
      const rest = this.#length % BLOCK_LEN
      c.input.set(this.#state.subarray(0, CHAIN_LEN + rest))
      c.x.sha2Finish(this.#digestLength, rest, this.#length)
      return c.output.slice(0, this.#digestLength)
    })
  }

  /** Takes in as much of `bytes` as the window holds, and returns how much that was. */
  #take(bytes: Uint8Array): number {
    return call((c) => {
      const rest = this.#length % BLOCK_LEN
      const part = bytes.subarray(0, c.input.length - CHAIN_LEN - rest)
      const left = (rest + part.length) % BLOCK_LEN
      const blocks = (rest + part.length - left) / BLOCK_LEN
      if (blocks === 0) {
        this.#state.set(part, CHAIN_LEN + rest)
      } else {
        c.input.set(this.#state.subarray(0, CHAIN_LEN + rest))
        c.input.set(part, CHAIN_LEN + rest)
        c.x.sha2Blocks(blocks)
        this.#state.set(c.output.subarray(0, CHAIN_LEN))
        this.#state.set(part.subarray(part.length - left), CHAIN_LEN)
      }
      this.#length += part.length
      return part.length
    })
  }
}

function digest(algorithm: Sha2Algorithm, bytes: Uint8Array): Bytes {
  return call((c) => {
    if (isBytes(bytes) && bytes.length > c.input.length) {
      return new Sha2(algorithm).update(bytes).digest()
    }
    const digestLength = DIGEST_LEN[algorithm]
    c.x.sha2Digest(digestLength, put(c, bytes))
    return c.output.slice(0, digestLength)
  })
}

function digestPair(algorithm: Sha2Algorithm, a: Uint8Array, b: Uint8Array): [Bytes, Bytes] {
  return call((c) => {
    if (!isBytes(a) || !isBytes(b) || a.length + b.length > c.input.length) {
      return [digest(algorithm, a), digest(algorithm, b)]
    }
    const digestLength = DIGEST_LEN[algorithm]
    c.input.set(a)
    c.input.set(b, a.length)
    c.x.sha2Pair(digestLength, a.length, b.length)
    return [c.output.slice(0, digestLength), c.output.slice(digestLength, 2 * digestLength)]
  })
}

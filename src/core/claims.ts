// SPDX-License-Identifier: Apache-2.0
// The claims of bound mode: what a caller names, in the order and the bytes of the transcript.

import * as protocol from '../../assembly/protocol.js'
import { AttestationError } from '../errors.js'
import { checkBytes, checkU32 } from './bytes.js'
import type { Bytes } from './private-copy.js'
import { sha512 } from './sha2.js'

/** What bound mode binds besides the nonce; an absent claim is not bound. */
export interface BoundClaims {
  /** Chosen by the tenant, 32 to 64 bytes. */
  readonly nonce: Uint8Array
  /** DER SubjectPublicKeyInfo of the sidecar's TLS certificate. */
  readonly tlsSpki?: Uint8Array
  /** KEM id (2 bytes, RFC 9180 §7.1), then the serialized public key. */
  readonly hpke?: Uint8Array
  /** The 48 bytes of `gpuEvidenceDigest`. */
  readonly gpuDigest?: Uint8Array
  /** The caller's `user_data` itself, at most 4096 bytes; what is bound is its SHA-512. */
  readonly userData?: Uint8Array
}

/** One claim as the transcript spells it: tag (1 byte), length (u32), value. */
export interface Claim {
  readonly tag: number
  readonly value: Uint8Array
}

/**
 * The bytes of `claims`, one after another in the given order; `reportDataFromClaims` judges them.
 *
 * @throws {AttestationError} `ERR_CLAIM_UNKNOWN` for a tag that is not one byte
 */
export function encodeClaims(claims: readonly Claim[]): Bytes {
  const own = claims.map(({ tag, value }) => {
    if (!Number.isInteger(tag) || tag < 0 || tag > 0xff) {
      throw new AttestationError('ERR_CLAIM_UNKNOWN', `claim tag of one byte expected, got ${tag}`)
    }
    checkBytes(value, 'claim')
    checkU32(value.length, 'claim length')
    return { tag, value }
  })
  const length = own.reduce((sum, { value }) => sum + protocol.CLAIM_VALUE_AT + value.length, 0)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { tag, value } of own) {
    view.setUint8(at, tag)
    view.setUint32(at + protocol.CLAIM_LENGTH_AT, value.length)
    bytes.set(value, at + protocol.CLAIM_VALUE_AT)
    at += protocol.CLAIM_VALUE_AT + value.length
  }
  return bytes
}

/** The claims that are there, in ascending tag order. */
export function listed(claims: BoundClaims): Claim[] {
  const { nonce, tlsSpki, hpke, gpuDigest, userData, ...others } = claims
  const [other] = Object.keys(others)
  if (other !== undefined) throw new AttestationError('ERR_ARGUMENT', `unknown claim "${other}"`)
  const values: readonly [number, Uint8Array | undefined][] = [
    [protocol.TAG_NONCE, nonce],
    [protocol.TAG_TLS_KEY, tlsSpki],
    [protocol.TAG_HPKE_KEY, hpke],
    [protocol.TAG_GPU_EVIDENCE, gpuDigest],
    [protocol.TAG_USER_DATA, userData && userDataDigest(userData)],
  ]
  return values.flatMap(([tag, value]) => (value === undefined ? [] : [{ tag, value }]))
}

function userDataDigest(userData: Uint8Array): Uint8Array {
  checkBytes(userData, 'user_data')
  if (userData.length > protocol.USER_DATA_LEN_MAX) {
    throw new AttestationError(
      'ERR_CLAIM_LENGTH',
      `user_data of at most ${protocol.USER_DATA_LEN_MAX} bytes expected, got ${userData.length}`,
    )
  }
  return sha512(userData)
}

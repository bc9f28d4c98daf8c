// SPDX-License-Identifier: Apache-2.0
// The 64 bytes of REPORT_DATA, composed the same way by the Attester and by the Verifier.

import * as protocol from '../../assembly/protocol.js'
import type { Status } from '../../assembly/status.js'
import { AttestationError } from '../errors.js'
import { checkBytes, checkU32, equalBytes } from './bytes.js'
import { type BoundClaims, encodeClaims, listed } from './claims.js'
import { type Core, call, settle } from './core.js'
import { merkleRoot } from './merkle.js'
import type { Bytes } from './private-copy.js'

/**
 * Raw mode (AEP-83 §4): the 64-byte nonce, verbatim.
 *
 * @throws {AttestationError} `ERR_REPORT_DATA_LENGTH` for any other length
 */
export function reportDataRaw(nonce: Uint8Array): Bytes {
  checkBytes(nonce, 'nonce')
  return pack(0, [nonce], (c, length) => c.x.packRaw(length))
}

/**
 * TLS mode (AEP-83 §4): SHA-512 of the DER SubjectPublicKeyInfo and the 64-byte nonce.
 *
 * @throws {AttestationError} `ERR_REPORT_DATA_LENGTH` for another nonce length, or for more bytes
 * than the core takes; `ERR_CLAIM_LENGTH` for an empty key
 */
export function reportDataTls(spki: Uint8Array, nonce: Uint8Array): Bytes {
  checkBytes(spki, 'spki')
  checkBytes(nonce, 'nonce')
  const keyLength = spki.length
  return pack(0, [spki, nonce], (c, length) => c.x.packTls(keyLength, length))
}

/**
 * Bound mode (assay evidence protocol, section 3): SHA-512 of the transcript of `claims`.
 *
 * @throws {AttestationError} `ERR_CLAIM_NONCE` without a nonce; `ERR_CLAIM_LENGTH` for a value that
 * its claim does not allow; `ERR_ARGUMENT` for a claim of another name, which would not be bound
 */
export function reportDataBound(claims: BoundClaims): Bytes {
  return reportDataFromClaims(encodeClaims(listed(claims)))
}

/**
 * Bound mode from claims that are encoded already, for those who hold a transcript. Every rule of
 * section 3 is checked; offsets in messages count from the first claim.
 *
 * @throws {AttestationError} `ERR_CLAIM_ORDER` for claims out of order or twice;
 * `ERR_CLAIM_UNKNOWN`; `ERR_CLAIM_LENGTH` for a length that its tag does not allow or that exceeds
 * what is there; `ERR_CLAIM_NONCE`; `ERR_REPORT_DATA_LENGTH` for more bytes than the core takes
 */
export function reportDataFromClaims(claims: Uint8Array): Bytes {
  checkBytes(claims, 'claims')
  return pack(protocol.CLAIMS_AT, [claims], (c, length) => c.x.packBound(length))
}

/**
 * Batch mode (section 4): "ASSAYMT1", the tree size as u64, the 48-byte claim-tree root.
 *
 * @throws {AttestationError} `ERR_MERKLE_INDEX` for a size outside 1..65536;
 * `ERR_REPORT_DATA_LENGTH` for a root of another length
 */
export function reportDataBatch(size: number, root: Uint8Array): Bytes {
  checkU32(size, 'tree size')
  checkBytes(root, 'root')
  return pack(0, [root], (c, length) => c.x.packBatch(size, length))
}

/**
 * Checks that batch REPORT_DATA stands for `entry` at `index` of a claim tree of `size` leaves. A
 * Merkle root alone does not fix the size of its tree: this does, because REPORT_DATA names it.
 *
 * @throws {AttestationError} `ERR_MERKLE_PATH` when it does not, and for a path that no such leaf
 * has; `ERR_MERKLE_INDEX` for an index or size out of range
 */
export function reportDataBatchVerify(
  reportData: Uint8Array,
  entry: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): void {
  checkBytes(reportData, 'REPORT_DATA')
  const expected = reportDataBatch(size, merkleRoot(entry, index, size, path))
  if (equalBytes(expected, reportData)) return
  throw new AttestationError(
    'ERR_MERKLE_PATH',
    'the inclusion path does not lead to the batch of REPORT_DATA',
  )
}

/** Lays `parts` one after another into the input window from `at` on, and runs. */
function pack(
  at: number,
  parts: readonly Uint8Array[],
  run: (c: Core, length: number) => Status,
): Bytes {
  return call((c) => {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (length > c.input.length - at) {
      throw new AttestationError(
        'ERR_REPORT_DATA_LENGTH',
        `REPORT_DATA from at most ${c.input.length - at} bytes expected, got ${length}`,
      )
    }
    for (const part of parts) {
      c.input.set(part, at)
      at += part.length
    }
    settle(c, run(c, length))
    return c.output.slice(0, protocol.REPORT_DATA_LEN)
  })
}

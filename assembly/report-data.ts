// SPDX-License-Identifier: Apache-2.0
// The 64 bytes of REPORT_DATA: raw, TLS (AEP-83 §4), bound and batch (protocol.md §3, §4).

import { inputAt, outputAt } from './arena'
import { fault } from './bytes'
import {
  CLAIM_LENGTH_AT,
  CLAIM_VALUE_AT,
  CLAIMS_AT,
  HASH_LEN,
  HPKE_KEY_LEN_MIN,
  NONCE_LEN_MAX,
  NONCE_LEN_MIN,
  REPORT_DATA_LEN,
  TAG_GPU_EVIDENCE,
  TAG_HPKE_KEY,
  TAG_NONCE,
  TAG_TLS_KEY,
  TAG_USER_DATA,
  TREE_SIZE_MAX,
} from './protocol'
import { digest, SHA512_LEN } from './sha2'
import { Status } from './status'

const BATCH_SIZE_AT: i32 = 8
const BATCH_ROOT_AT: i32 = 16

/** "assay/report-data/v1" || 0x00 */
const labelAt: usize = memory.data<u8>([
  0x61, 0x73, 0x73, 0x61, 0x79, 0x2f, 0x72, 0x65, 0x70, 0x6f, 0x72, 0x74, 0x2d, 0x64, 0x61, 0x74,
  0x61, 0x2f, 0x76, 0x31, 0x00,
])
/** "ASSAYMT1" */
const batchMagicAt: usize = memory.data<u8>([0x41, 0x53, 0x53, 0x41, 0x59, 0x4d, 0x54, 0x31])

/** Raw mode: the nonce, verbatim. */
export function packRaw(length: i32): Status {
  if (length != REPORT_DATA_LEN) return fault(Status.ReportDataLength, length)
  memory.copy(outputAt, inputAt, REPORT_DATA_LEN)
  return Status.Ok
}

/** TLS mode: SHA-512 of key || nonce, which stand so in the window, `length` bytes together. */
export function packTls(keyLength: i32, length: i32): Status {
  if (keyLength <= 0) return fault(Status.TlsKeyEmpty, 0)
  if (length - keyLength != REPORT_DATA_LEN) return fault(Status.ReportDataLength, length)
  digest(SHA512_LEN, inputAt, length, outputAt)
  return Status.Ok
}

/** Bound mode: `length` bytes of claims, which stand at CLAIMS_AT. Faults count from there. */
export function packBound(length: i32): Status {
  const status = checkClaims(inputAt + CLAIMS_AT, length)
  if (status != Status.Ok) return status
  memory.copy(inputAt, labelAt, CLAIMS_AT)
  digest(SHA512_LEN, inputAt, CLAIMS_AT + length, outputAt)
  return Status.Ok
}

/** Batch mode: the claim-tree root is the whole input. */
export function packBatch(size: u32, length: i32): Status {
  if (size == 0 || size > <u32>TREE_SIZE_MAX) return fault(Status.MerkleIndex, 0)
  if (length != HASH_LEN) return fault(Status.ReportDataLength, length)
  memory.copy(outputAt, batchMagicAt, BATCH_SIZE_AT)
  store<u64>(outputAt + BATCH_SIZE_AT, bswap<u64>(size))
  memory.copy(outputAt + BATCH_ROOT_AT, inputAt, HASH_LEN)
  return Status.Ok
}

function checkClaims(claimsAt: usize, length: i32): Status {
  let at = 0
  let last: u8 = 0
  let nonce = false
  while (at < length) {
    if (length - at < CLAIM_VALUE_AT) return fault(Status.ClaimTruncated, at)
    const tag = load<u8>(claimsAt + at)
    if (tag < <u8>TAG_NONCE || tag > <u8>TAG_USER_DATA) return fault(Status.ClaimUnknown, at)
    if (tag == last) return fault(Status.ClaimDuplicate, at)
    if (tag < last) return fault(Status.ClaimOrder, at)
    const size = bswap<u32>(load<u32>(claimsAt + at + CLAIM_LENGTH_AT))
    if (size > <u32>(length - at - CLAIM_VALUE_AT)) {
      return fault(Status.ClaimTruncated, at + CLAIM_LENGTH_AT)
    }
    const status = checkLength(tag, size)
    if (status != Status.Ok) return fault(status, at + CLAIM_LENGTH_AT)
    if (tag == TAG_NONCE) nonce = true
    last = tag
    at += CLAIM_VALUE_AT + <i32>size
  }
  return nonce ? Status.Ok : fault(Status.ClaimNonce, 0)
}

function checkLength(tag: u8, size: u32): Status {
  if (tag == TAG_TLS_KEY) return size > 0 ? Status.Ok : Status.TlsKeyEmpty
  let fits = false
  if (tag == TAG_NONCE) fits = size >= <u32>NONCE_LEN_MIN && size <= <u32>NONCE_LEN_MAX
  if (tag == TAG_HPKE_KEY) fits = size >= <u32>HPKE_KEY_LEN_MIN
  if (tag == TAG_GPU_EVIDENCE) fits = size == <u32>HASH_LEN
  if (tag == TAG_USER_DATA) fits = size == <u32>SHA512_LEN
  return fits ? Status.Ok : Status.ClaimLength
}

// SPDX-License-Identifier: Apache-2.0
// Structure of the signature data of a TDX quote: the attestation key and its signature, the QE
// report that certifies the key, and the PCK certification data that certifies the QE report.

import { inputAt } from '../arena'
import { fault, storeWord, zero } from '../bytes'
import { Status } from '../status'
import * as quote from './layout'
import * as qe from './layout-qe'
import * as layout from './layout-signature'
import { checkChain } from './pem'

/** Bytes of signature data around QE authentication data and PCK data. */
const LEAST_LEN: i32 = layout.QE_AUTH_AT + layout.PCK_DATA_AT

/** Checks the signature data whose size stands at `sizeAt`, within `length` bytes of input. */
export function checkSignatureData(sizeAt: i32, length: i32): Status {
  const at = sizeAt + quote.SIGNATURE_DATA_SIZE_LEN
  const size = load<u32>(inputAt + sizeAt)
  if (size < <u32>LEAST_LEN || size > <u32>(length - at)) {
    return fault(Status.TdxSignatureLength, sizeAt)
  }
  const end = at + <i32>size
  storeWord(quote.SIGNATURE_DATA_AT_WORD, at)
  storeWord(quote.QUOTE_LEN_WORD, end)
  return (
    checkCertification(at, end) || checkQeReport(at + layout.QE_REPORT_AT) || checkAuth(at, end)
  )
}

/** The outer certification data must hold exactly the rest of the signature data. */
function checkCertification(at: i32, end: i32): Status {
  const type = load<u16>(inputAt + at, layout.CERTIFICATION_TYPE_AT)
  if (type != <u16>layout.QE_REPORT_CERTIFICATION) {
    return fault(Status.TdxCertificationType, at + layout.CERTIFICATION_TYPE_AT)
  }
  const size = load<i32>(inputAt + at, layout.CERTIFICATION_SIZE_AT)
  return size == end - at - layout.QE_REPORT_AT
    ? Status.Ok
    : fault(Status.TdxCertificationLength, at + layout.CERTIFICATION_SIZE_AT)
}

function checkQeReport(at: i32): Status {
  return (
    zero(Status.TdxQeReserved, at + qe.RESERVED_014_AT, qe.RESERVED_014_LEN) ||
    zero(Status.TdxQeReserved, at + qe.RESERVED_060_AT, qe.RESERVED_060_LEN) ||
    zero(Status.TdxQeReserved, at + qe.RESERVED_0A0_AT, qe.RESERVED_0A0_LEN) ||
    zero(Status.TdxQeReserved, at + qe.RESERVED_106_AT, qe.RESERVED_106_LEN)
  )
}

function checkAuth(at: i32, end: i32): Status {
  const length = <i32>load<u16>(inputAt + at, layout.QE_AUTH_SIZE_AT)
  if (length > end - at - LEAST_LEN) {
    return fault(Status.TdxQeAuthLength, at + layout.QE_AUTH_SIZE_AT)
  }
  storeWord(quote.QE_AUTH_LEN_WORD, length)
  return checkPck(at + layout.QE_AUTH_AT + length, end)
}

/** Checks the PCK certification data, which must be the whole of [at, end). */
function checkPck(at: i32, end: i32): Status {
  const type = <i32>load<u16>(inputAt + at, layout.PCK_TYPE_AT)
  if (type < layout.PCK_PPID || type > layout.PCK_CHAIN) {
    return fault(Status.TdxPckType, at + layout.PCK_TYPE_AT)
  }
  const dataAt = at + layout.PCK_DATA_AT
  const length = end - dataAt
  const fixed = fixedLength(type)
  if (load<i32>(inputAt + at, layout.PCK_SIZE_AT) != length || (fixed >= 0 && length != fixed)) {
    return fault(Status.TdxPckLength, at + layout.PCK_SIZE_AT)
  }
  storeWord(quote.PCK_TYPE_WORD, type)
  storeWord(quote.PCK_DATA_AT_WORD, dataAt)
  storeWord(quote.PCK_DATA_LEN_WORD, length)
  storeWord(quote.COUNT_WORD, 0)
  return type == layout.PCK_CHAIN ? checkChain(dataAt, end) : Status.Ok
}

/** Size of PCK certification data of this type, or -1 where it varies. */
function fixedLength(type: i32): i32 {
  if (type == layout.PCK_PPID) return layout.PCK_PPID_LEN
  if (type == layout.PCK_PPID_RSA2048) return layout.PCK_PPID_RSA2048_LEN
  if (type == layout.PCK_PPID_RSA3072) return layout.PCK_PPID_RSA3072_LEN
  return -1
}

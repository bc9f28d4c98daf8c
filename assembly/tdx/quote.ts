// SPDX-License-Identifier: Apache-2.0
// Structure of a TDX quote, version 4 or 5, at the start of the input window. Every declared length
// must nest exactly in the one around it; bytes may follow only the quote as a whole, as published
// quotes come in padded buffers, and no signature covers those.

import { inputAt } from '../arena'
import { fault, storeWord, zero } from '../bytes'
import { Status } from '../status'
import * as layout from './layout'
import * as body from './layout-body'
import { checkSignatureData } from './signature'

/** 939a7233-f79c-4ca9-940a-0db3957f0607, in the byte order of the quote. */
const intelAt: usize = memory.data<u8>([
  0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07,
])

/** Checks the first `length` bytes of the input window; writes the words of the layout on yes. */
export function checkQuote(length: i32): Status {
  if (length < layout.HEADER_LEN) return fault(Status.TdxLength, length)
  return checkHeader() || checkBody(length)
}

function checkHeader(): Status {
  const version = load<u16>(inputAt, layout.VERSION_AT)
  if (version != <u16>layout.VERSION_4 && version != <u16>layout.VERSION_5) {
    return fault(Status.TdxVersion, version)
  }
  if (load<u16>(inputAt, layout.KEY_TYPE_AT) != <u16>layout.KEY_TYPE_ECDSA_P256) {
    return fault(Status.TdxKeyType, layout.KEY_TYPE_AT)
  }
  if (load<u32>(inputAt, layout.TEE_TYPE_AT) != <u32>layout.TEE_TYPE_TDX) {
    return fault(Status.TdxTeeType, layout.TEE_TYPE_AT)
  }
  if (memory.compare(inputAt + layout.QE_VENDOR_ID_AT, intelAt, layout.QE_VENDOR_ID_LEN) != 0) {
    return fault(Status.TdxVendor, layout.QE_VENDOR_ID_AT)
  }
  return zero(Status.TdxReserved, layout.RESERVED_08_AT, layout.RESERVED_08_LEN)
}

function checkBody(length: i32): Status {
  let type: i32 = body.TD_REPORT10
  let at: i32 = layout.HEADER_LEN
  if (load<u16>(inputAt, layout.VERSION_AT) == <u16>layout.VERSION_5) {
    if (length < layout.DESCRIBED_HEADER_LEN) return fault(Status.TdxLength, length)
    type = load<u16>(inputAt, layout.BODY_TYPE_AT)
    if (bodyLength(type) < 0) return fault(Status.TdxBodyType, layout.BODY_TYPE_AT)
    if (load<i32>(inputAt, layout.BODY_SIZE_AT) != bodyLength(type)) {
      return fault(Status.TdxBodySize, layout.BODY_SIZE_AT)
    }
    at = layout.DESCRIBED_HEADER_LEN
  }
  const sizeAt = at + bodyLength(type)
  if (length < sizeAt + layout.SIGNATURE_DATA_SIZE_LEN) return fault(Status.TdxLength, length)
  storeWord(layout.BODY_TYPE_WORD, type)
  storeWord(layout.BODY_AT_WORD, at)
  return checkSignatureData(sizeAt, length)
}

/** Size of a TD report body of this type, or -1 for a type that is not one. */
function bodyLength(type: i32): i32 {
  if (type == body.TD_REPORT10) return body.TD_REPORT10_LEN
  if (type == body.TD_REPORT15) return body.TD_REPORT15_LEN
  if (type == body.TD_REPORT15_EX) return body.TD_REPORT15_EX_LEN
  return -1
}

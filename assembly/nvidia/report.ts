// SPDX-License-Identifier: Apache-2.0
// Structural check of one NVIDIA attestation report in the input window, and rows for what varies
// in it. Bytes after the signature are not part of the report; telling what they are is JS's job.

import { inputAt, outputAt } from '../arena'
import { fault, isZero } from '../bytes'
import { Status } from '../status'
import * as L from './layout'

/** Checks the report that starts the window and leaves its summary and rows (layout.ts) behind. */
export function checkReport(length: i32): Status {
  if (length < L.RECORD_AT) return fault(Status.NvidiaLength, length)
  let at = wrongRequest()
  if (at >= 0) return fault(Status.NvidiaRequest, at)
  at = wrongResponse()
  if (at >= 0) return fault(Status.NvidiaResponse, at)

  const blocks = <i32>u8At(L.BLOCK_COUNT_AT)
  if (blocks != L.GPU_BLOCKS && blocks != L.SWITCH_BLOCKS) {
    return fault(Status.NvidiaBlockCount, L.BLOCK_COUNT_AT)
  }
  const record = blocks * L.BLOCK_LEN
  if (recordLength() != record) return fault(Status.NvidiaRecordLength, L.RECORD_LENGTH_AT)
  const opaqueAt = L.RECORD_AT + record + L.RESPONDER_NONCE_LEN + L.OPAQUE_LENGTH_LEN
  if (length < opaqueAt) return fault(Status.NvidiaLength, length)
  at = wrongBlock(blocks)
  if (at >= 0) return fault(Status.NvidiaBlock, at)

  const opaque = <i32>u16At(opaqueAt - L.OPAQUE_LENGTH_LEN)
  if (length - opaqueAt < opaque + L.SIGNATURE_LEN) return fault(Status.NvidiaLength, length)
  if (opaque == 0) return fault(Status.NvidiaOpaqueEmpty, opaqueAt - L.OPAQUE_LENGTH_LEN)
  summary(L.SUMMARY_SIGNATURE, opaqueAt + opaque)
  summary(L.SUMMARY_BLOCKS, blocks)
  return walkOpaque(opaqueAt, opaqueAt + opaque, blocks)
}

function u8At(at: i32): u32 {
  return load<u8>(inputAt + at)
}

function u16At(at: i32): u32 {
  return load<u16>(inputAt + at)
}

function recordLength(): i32 {
  return u16At(L.RECORD_LENGTH_AT) | (u8At(L.RECORD_LENGTH_AT + 2) << 16)
}

/** Offset of the first wrong byte of the request, or -1. */
function wrongRequest(): i32 {
  if (u8At(L.REQUEST_VERSION_AT) != L.SPDM_VERSION) return L.REQUEST_VERSION_AT
  if (u8At(L.REQUEST_CODE_AT) != L.GET_MEASUREMENTS) return L.REQUEST_CODE_AT
  if (u8At(L.REQUEST_PARAM1_AT) != L.SIGNATURE_REQUESTED) return L.REQUEST_PARAM1_AT
  if (u8At(L.REQUEST_PARAM2_AT) != L.ALL_MEASUREMENTS) return L.REQUEST_PARAM2_AT
  if (u8At(L.REQUEST_SLOT_AT) != L.SLOT) return L.REQUEST_SLOT_AT
  return -1
}

/** Offset of the first wrong byte of the response's constants, or -1. */
function wrongResponse(): i32 {
  if (u8At(L.RESPONSE_VERSION_AT) != L.SPDM_VERSION) return L.RESPONSE_VERSION_AT
  if (u8At(L.RESPONSE_CODE_AT) != L.MEASUREMENTS) return L.RESPONSE_CODE_AT
  if (u8At(L.RESPONSE_PARAM1_AT) != 0) return L.RESPONSE_PARAM1_AT
  if (u8At(L.RESPONSE_PARAM2_AT) != 0) return L.RESPONSE_PARAM2_AT
  return -1
}

/** Writes a row for each block; offset of the first wrong field of a block, or -1. */
function wrongBlock(blocks: i32): i32 {
  for (let i = 0; i < blocks; i++) {
    const at = L.RECORD_AT + i * L.BLOCK_LEN
    if (u8At(at + L.BLOCK_INDEX_AT) != i + 1) return at + L.BLOCK_INDEX_AT
    if (u8At(at + L.BLOCK_SPECIFICATION_AT) != L.SPECIFICATION_DMTF) {
      return at + L.BLOCK_SPECIFICATION_AT
    }
    if (u16At(at + L.BLOCK_SIZE_AT) != L.BLOCK_SIZE) return at + L.BLOCK_SIZE_AT
    if (u8At(at + L.BLOCK_VALUE_TYPE_AT) != L.VALUE_TYPE_FIRMWARE) {
      return at + L.BLOCK_VALUE_TYPE_AT
    }
    if (u16At(at + L.BLOCK_VALUE_SIZE_AT) != L.BLOCK_VALUE_LEN) return at + L.BLOCK_VALUE_SIZE_AT
    row(i, i + 1, L.VALUE_TYPE_FIRMWARE, at + L.BLOCK_VALUE_AT, L.BLOCK_VALUE_LEN)
  }
  return -1
}

/** Walks the opaque data in [at, end), which the caller knows to lie inside the input. */
function walkOpaque(at: i32, end: i32, blocks: i32): Status {
  const tagged = hasHeader(at, end)
  if (tagged) {
    const wrong = wrongHeader(at)
    if (wrong >= 0) return fault(Status.NvidiaOpaqueHeader, wrong)
    at += L.OPAQUE_HEADER_LEN
  }
  const headerLength = tagged ? L.TYPED_FIELD_HEADER_LEN : L.FIELD_HEADER_LEN
  let fields = 0
  while (at < end) {
    if (end - at < headerLength) return fault(Status.NvidiaOpaque, at)
    const id = u16At(at)
    const valueAt = at + headerLength
    const size = <i32>u16At(valueAt - 2)
    if (end - valueAt < size) return fault(Status.NvidiaOpaque, at)
    if (fields == L.MAX_FIELDS) return fault(Status.NvidiaTooManyFields, at)
    if (seen(id, blocks, fields)) return fault(Status.NvidiaOpaqueDuplicate, at)
    row(blocks + fields, id, tagged ? u16At(at + 2) : 0, valueAt, size)
    fields++
    at = valueAt + size
  }
  summary(L.SUMMARY_FIELDS, fields)
  summary(L.SUMMARY_OPAQUE_MAJOR, tagged ? L.OPAQUE_MAJOR : 0)
  return Status.Ok
}

/** Whether the opaque data opens with the header of version 2; no field type is that large. */
function hasHeader(at: i32, end: i32): bool {
  if (end - at < L.OPAQUE_HEADER_LEN) return false
  return load<u32>(inputAt + at) == L.OPAQUE_MAGIC_LOW && u16At(at + 4) == L.OPAQUE_MAGIC_HIGH
}

/** Offset of the first wrong field of the opaque data header, or -1. Any minor version will do. */
function wrongHeader(at: i32): i32 {
  if (u16At(at + L.OPAQUE_PROFILE_AT) != L.OPAQUE_PROFILE) return at + L.OPAQUE_PROFILE_AT
  if (u8At(at + L.OPAQUE_MAJOR_AT) != L.OPAQUE_MAJOR) return at + L.OPAQUE_MAJOR_AT
  if (!isZero(inputAt + at + L.OPAQUE_RESERVED_AT, L.OPAQUE_RESERVED_LEN)) {
    return at + L.OPAQUE_RESERVED_AT
  }
  return -1
}

/** Whether one of the fields so far has this id. */
function seen(id: u32, blocks: i32, fields: i32): bool {
  for (let i = 0; i < fields; i++) {
    if (load<u32>(rowAt(blocks + i) + (L.ROW_ID << 2)) == id) return true
  }
  return false
}

function rowAt(index: i32): usize {
  return outputAt + ((L.SUMMARY_WORDS + index * L.ROW_WORDS) << 2)
}

function row(index: i32, id: u32, valueType: u32, at: i32, length: i32): void {
  const word = rowAt(index)
  store<u32>(word + (L.ROW_ID << 2), id)
  store<u32>(word + (L.ROW_VALUE_TYPE << 2), valueType)
  store<u32>(word + (L.ROW_AT << 2), <u32>at)
  store<u32>(word + (L.ROW_LEN << 2), <u32>length)
}

function summary(word: i32, value: i32): void {
  store<u32>(outputAt + (word << 2), <u32>value)
}

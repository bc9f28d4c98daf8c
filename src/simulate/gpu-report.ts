// SPDX-License-Identifier: Apache-2.0
// What the firmware of a simulated GPU writes: SPDM 1.1 GET_MEASUREMENTS requests with their
// responses (DMTF DSP0274), in the layout of real ones, and the signature under them.

import * as at from '../../assembly/nvidia/layout.js'
import type { Bytes } from '../core/private-copy.js'
import type { GpuModel } from './nvidia-models.js'

const RESPONDER_NONCE_AT = at.RECORD_AT + at.GPU_BLOCKS * at.BLOCK_LEN
const OPAQUE_LENGTH_AT = RESPONDER_NONCE_AT + at.RESPONDER_NONCE_LEN
const OPAQUE_AT = OPAQUE_LENGTH_AT + at.OPAQUE_LENGTH_LEN

/** A report of a GPU of this model that lacks both nonces and the signature. */
export function gpuReportTemplate(model: GpuModel): Bytes {
  const opaque = opaqueData(model)
  const report = new Uint8Array(OPAQUE_AT + opaque.length + at.SIGNATURE_LEN)
  const view = new DataView(report.buffer)
  report[at.REQUEST_VERSION_AT] = at.SPDM_VERSION
  report[at.REQUEST_CODE_AT] = at.GET_MEASUREMENTS
  report[at.REQUEST_PARAM1_AT] = at.SIGNATURE_REQUESTED
  report[at.REQUEST_PARAM2_AT] = at.ALL_MEASUREMENTS
  report[at.REQUEST_SLOT_AT] = at.SLOT
  report[at.RESPONSE_VERSION_AT] = at.SPDM_VERSION
  report[at.RESPONSE_CODE_AT] = at.MEASUREMENTS
  report[at.BLOCK_COUNT_AT] = at.GPU_BLOCKS
  // 24 bits; what is beyond them lies in the record, which comes next.
  view.setUint32(at.RECORD_LENGTH_AT, at.GPU_BLOCKS * at.BLOCK_LEN, true)
  for (const [index, count] of model.counters.entries()) writeBlock(report, index, count > 0)
  view.setUint16(OPAQUE_LENGTH_AT, opaque.length, true)
  report.set(opaque, OPAQUE_AT)
  return report
}

/** Block `index` + 1; a register that was never extended is all zero. */
function writeBlock(report: Bytes, index: number, extended: boolean): void {
  const start = at.RECORD_AT + index * at.BLOCK_LEN
  const view = new DataView(report.buffer, start)
  view.setUint8(at.BLOCK_INDEX_AT, index + 1)
  view.setUint8(at.BLOCK_SPECIFICATION_AT, at.SPECIFICATION_DMTF)
  view.setUint16(at.BLOCK_SIZE_AT, at.BLOCK_SIZE, true)
  view.setUint8(at.BLOCK_VALUE_TYPE_AT, at.VALUE_TYPE_FIRMWARE)
  view.setUint16(at.BLOCK_VALUE_SIZE_AT, at.BLOCK_VALUE_LEN, true)
  const value = start + at.BLOCK_VALUE_AT
  if (extended) report.fill(index + 1, value, value + at.BLOCK_VALUE_LEN)
}

/** Fields of type, size and value, back to back. */
function opaqueData({ fields }: GpuModel): Bytes {
  const length = fields.reduce((sum, [, value]) => sum + at.FIELD_HEADER_LEN + value.length, 0)
  const opaque = new Uint8Array(length)
  const view = new DataView(opaque.buffer)
  let next = 0
  for (const [id, value] of fields) {
    view.setUint16(next, id, true)
    view.setUint16(next + 2, value.length, true)
    opaque.set(value, next + at.FIELD_HEADER_LEN)
    next += at.FIELD_HEADER_LEN + value.length
  }
  return opaque
}

/** The answer of one device to one nonce of 32 bytes, signed by its key (ECDSA, P-384). */
export async function signGpuReport(
  template: Bytes,
  nonce: Uint8Array,
  key: CryptoKey,
): Promise<Bytes> {
  const report = template.slice()
  report.set(nonce, at.REQUEST_NONCE_AT)
  const responderNonce = crypto.getRandomValues(new Uint8Array(at.RESPONDER_NONCE_LEN))
  report.set(responderNonce, RESPONDER_NONCE_AT)
  const signed = report.subarray(0, report.length - at.SIGNATURE_LEN)
  const ecdsa = { name: 'ECDSA', hash: 'SHA-384' }
  report.set(new Uint8Array(await crypto.subtle.sign(ecdsa, key, signed)), signed.length)
  return report
}

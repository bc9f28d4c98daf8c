// SPDX-License-Identifier: Apache-2.0
// The typed, read-only view of an NVIDIA attestation report.

import * as at from '../../assembly/nvidia/layout.js'
import { call, put, settle } from './core.js'
import { reportLength } from './nvidia-aep83.js'
import {
  decodeOpaque,
  fieldName,
  type OpaqueData,
  type OpaqueField,
  type Responder,
} from './nvidia-fields.js'
import { type Bytes, PrivateCopy } from './private-copy.js'

export { type Aep83GpuEvidence, splitAep83GpuEvidence } from './nvidia-aep83.js'
export type { OpaqueData, OpaqueField } from './nvidia-fields.js'
export type { GpuReport }

/**
 * Reads the attestation report of an NVIDIA GPU (Hopper, Blackwell) or LS10 NVSwitch as NVML gives
 * it: an SPDM 1.1 GET_MEASUREMENTS request and its response (DMTF DSP0274). The bytes are copied
 * once, so that later changes to `bytes` change nothing. The structure is checked and every opaque
 * field with a known meaning decoded; the signature is not verified. Bytes after the signature are
 * not part of the report: `trailingBytes` counts them, and whether to accept any is the caller's
 * decision. `splitAep83GpuEvidence` knows one kind of them.
 *
 * @throws {AttestationError} an `ERR_NVIDIA_…` code of the `evidence` layer, which names the field
 */
export function parseGpuReport(bytes: Uint8Array): GpuReport {
  return call((c) => {
    const length = put(c, bytes)
    settle(c, c.x.checkNvidiaReport(length))
    const report = c.input.subarray(0, reportLength(c))
    return new GpuReport(report, copyRows(c.rows), length - report.length)
  })
}

/** The summary and the rows that the core left (assembly/nvidia/layout.ts). */
function copyRows(rows: Uint32Array): Uint32Array {
  const count = word(rows, at.SUMMARY_BLOCKS) + word(rows, at.SUMMARY_FIELDS)
  return rows.slice(0, at.SUMMARY_WORDS + count * at.ROW_WORDS)
}

function word(rows: Uint32Array, index: number): number {
  return rows[index] as number
}

/**
 * A structurally sound report. Byte fields are in memory order and a fresh copy at every read.
 */
class GpuReport {
  readonly #report: PrivateCopy
  readonly #length: number
  readonly #rows: Uint32Array
  readonly #responder: Responder
  readonly #trailingBytes: number
  /** What the constructor decoded, until somebody is handed it: nobody is handed the same twice. */
  #decoded: OpaqueData | null

  constructor(checked: Uint8Array, rows: Uint32Array, trailingBytes: number) {
    const blocks = word(rows, at.SUMMARY_BLOCKS)
    this.#report = new PrivateCopy(checked)
    this.#length = checked.length
    this.#rows = rows
    this.#trailingBytes = trailingBytes
    this.#responder = {
      kind: blocks === at.SWITCH_BLOCKS ? 'switch' : 'gpu',
      blocks,
      opaqueMajor: word(rows, at.SUMMARY_OPAQUE_MAJOR),
    }
    this.#decoded = decodeOpaque(this.#responder, this.opaqueFields)
  }

  /** Told by the number of measurements, which differs. */
  get kind(): 'gpu' | 'switch' {
    return this.#responder.kind
  }

  /** 32 bytes that whoever asked for the report chose. */
  get requestNonce(): Bytes {
    return this.#report.bytes(at.REQUEST_NONCE_AT, at.REQUEST_NONCE_LEN)
  }

  /** Certificate slot asked for: always 0. */
  get slot(): number {
    return this.#report.u8(at.REQUEST_SLOT_AT)
  }

  /** SHA-384 digests, 48 bytes each: 64 of a GPU, 31 of an NVSwitch. The first has SPDM index 1. */
  get measurements(): Bytes[] {
    return Array.from({ length: this.#responder.blocks }, (_, i) => this.#value(i))
  }

  /** 32 bytes that the device chose for this report. */
  get responderNonce(): Bytes {
    const recordEnd = at.RECORD_AT + this.#responder.blocks * at.BLOCK_LEN
    return this.#report.bytes(recordEnd, at.RESPONDER_NONCE_LEN)
  }

  /** Every field of the opaque data, in its order, known or not. */
  get opaqueFields(): OpaqueField[] {
    const { kind, blocks, opaqueMajor } = this.#responder
    return Array.from({ length: word(this.#rows, at.SUMMARY_FIELDS) }, (_, i) => {
      const row = blocks + i
      const id = this.#row(row, at.ROW_ID)
      return {
        id,
        name: fieldName(kind, id),
        valueType: opaqueMajor === 0 ? null : this.#row(row, at.ROW_VALUE_TYPE),
        at: this.#row(row, at.ROW_AT),
        value: this.#value(row),
      }
    })
  }

  /** What the known fields of the opaque data say. */
  get opaqueData(): OpaqueData {
    const data = this.#decoded ?? decodeOpaque(this.#responder, this.opaqueFields)
    this.#decoded = null
    return data
  }

  /** The bytes that the signature covers: request, and response up to the signature. */
  get signedBytes(): Bytes {
    return this.#report.bytes(0, this.#length - at.SIGNATURE_LEN)
  }

  /** r || s, 48 bytes each, big-endian (IEEE P1363): the form of WebCrypto's ECDSA. */
  get signature(): Bytes {
    return this.#report.bytes(this.#length - at.SIGNATURE_LEN, at.SIGNATURE_LEN)
  }

  /** The whole report, without what followed it. */
  get bytes(): Bytes {
    return this.#report.bytes(0, this.#length)
  }

  /** How many bytes followed the report in the input. */
  get trailingBytes(): number {
    return this.#trailingBytes
  }

  #row(index: number, column: number): number {
    return word(this.#rows, at.SUMMARY_WORDS + index * at.ROW_WORDS + column)
  }

  #value(row: number): Bytes {
    return this.#report.bytes(this.#row(row, at.ROW_AT), this.#row(row, at.ROW_LEN))
  }
}

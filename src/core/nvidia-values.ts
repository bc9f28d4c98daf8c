// SPDX-License-Identifier: Apache-2.0
// How the values of opaque fields are written, one function per form. Each refuses what has not its
// form with `ERR_NVIDIA_OPAQUE`.

import * as fields from '../../assembly/nvidia/fields.js'
import { AttestationError } from '../errors.js'
import type { Bytes } from './private-copy.js'

/** One field of the opaque data, in the order of the report. */
export interface OpaqueField {
  /** NVIDIA's number for the type of field. */
  readonly id: number
  /** NVIDIA's name for it without the prefix OPAQUE_FIELD_ID_, or null for a type without a name. */
  readonly name: string | null
  /** DMTFSpecMeasurementValueType (DSP0274); null before opaque data version 2, which has none. */
  readonly valueType: number | null
  /** Offset of the value in the report. */
  readonly at: number
  readonly value: Bytes
}

/** A report of a GPU or of an NVSwitch, with `blocks` measurements. */
export interface Responder {
  readonly kind: 'gpu' | 'switch'
  readonly blocks: number
  /** Of the opaque data header, 0 without one. */
  readonly opaqueMajor: number
}

/** How a VBIOS version is written, in a switch's report and everywhere else. */
const VERSION = /^[0-9A-F]{2}(?:\.[0-9A-F]{2}){4}$/

const FEATURE_FLAGS = ['spt', 'mpt', 'ppcie'] as const

function malformed({ id, name, at }: OpaqueField, why: string): AttestationError {
  const where = `opaque field ${id} (${name}) ${why}`
  return new AttestationError('ERR_NVIDIA_OPAQUE', `${where} (offset 0x${at.toString(16)})`)
}

function requireLength(field: OpaqueField, length: number): void {
  if (field.value.length === length) return
  throw malformed(field, `of ${length} bytes expected, got ${field.value.length}`)
}

export function exactly(length: number): (field: OpaqueField) => Bytes {
  return (field) => {
    requireLength(field, length)
    return field.value
  }
}

export function u16(length: number): (field: OpaqueField) => number {
  return (field) => {
    requireLength(field, length)
    return (field.value[0] as number) | ((field.value[1] as number) << 8)
  }
}

/** PDIs up to `end` of a field of `length` bytes. */
export function pdis(length: number, end = length): (field: OpaqueField) => Bytes[] {
  return (field) => {
    requireLength(field, length)
    return Array.from({ length: end / fields.PDI_LEN }, (_, i) =>
      field.value.slice(i * fields.PDI_LEN, (i + 1) * fields.PDI_LEN),
    )
  }
}

/** Printable ASCII, then at least one NUL, then nothing but NULs. */
export function text(field: OpaqueField): string {
  const end = field.value.indexOf(0)
  if (end < 0 || field.value.subarray(end).some((byte) => byte !== 0)) {
    throw malformed(field, 'must end with NUL')
  }
  return ascii(field, end)
}

function ascii(field: OpaqueField, end: number): string {
  const { value } = field
  if (value.length > fields.TEXT_MAX_LEN) {
    throw malformed(field, `of at most ${fields.TEXT_MAX_LEN} bytes expected, got ${value.length}`)
  }
  const characters = value.subarray(0, end)
  if (characters.some((byte) => byte < 0x20 || byte > 0x7e)) {
    throw malformed(field, 'must be printable ASCII')
  }
  return String.fromCharCode(...characters)
}

/** Alone among the texts, this one has no NUL. */
export function switchBiosVersion(field: OpaqueField): string {
  const version = ascii(field, field.value.length)
  if (!VERSION.test(version)) throw malformed(field, 'must be five dotted hex bytes')
  return version
}

/** Two little-endian words; the text is made of the first and of the low byte of the second. */
export function vbiosVersion(field: OpaqueField): string {
  requireLength(field, fields.VBIOS_VERSION_LEN)
  const [d, c, b, a, e, ...rest] = field.value
  if (rest.some((byte) => byte !== 0)) throw malformed(field, 'must be zero after its fifth byte')
  const parts = [a, b, c, d, e] as number[]
  return parts.map((part) => part.toString(16).padStart(2, '0').toUpperCase()).join('.')
}

export function status(field: OpaqueField): 'enabled' | 'disabled' {
  requireLength(field, fields.STATUS_LEN)
  if (field.value[0] === fields.STATUS_ENABLED) return 'enabled'
  if (field.value[0] === fields.STATUS_DISABLED) return 'disabled'
  throw malformed(field, 'must be 0xaa or 0x55')
}

/** A GPU has a counter for every measurement; an NVSwitch leaves out the last ones. */
export function counters(field: OpaqueField, { kind, blocks }: Responder): number[] {
  const count = field.value.length / fields.COUNTER_LEN
  if (!Number.isInteger(count) || count > blocks || (kind === 'gpu' && count !== blocks)) {
    throw malformed(field, `must be a counter for each of ${blocks} measurements`)
  }
  const view = new DataView(field.value.buffer)
  return Array.from({ length: count }, (_, i) => view.getUint32(i * fields.COUNTER_LEN, true))
}

export function opaqueDataVersion(field: OpaqueField): number {
  const version = u16(fields.OPAQUE_DATA_VERSION_LEN)(field)
  if (version <= fields.FIELD_OPAQUE_DATA_VERSION_MAX) return version
  throw malformed(field, `must be at most ${fields.FIELD_OPAQUE_DATA_VERSION_MAX}`)
}

/** As real reports number them; an enum of NVIDIA/attestation-sdk has the first two swapped. */
export function featureFlag(field: OpaqueField): 'spt' | 'mpt' | 'ppcie' {
  const flag = FEATURE_FLAGS[u16(fields.FEATURE_FLAG_LEN)(field)]
  if (flag === undefined) throw malformed(field, 'must be 0, 1 or 2')
  return flag
}

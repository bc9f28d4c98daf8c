// SPDX-License-Identifier: Apache-2.0
// What AMD's extensions say about an endorsement key (AMD 57230 and 58369, 1.3.6.1.4.1.3704.1):
// looked up by OID, never by place, and decoded exactly.

import type { Bytes } from '../core/private-copy.js'
import { HW_ID_LEN, type Tcb } from '../core/snp.js'
import { contentKey } from './cache.js'
import { malformed } from './der.js'
import type { Certificate } from './x509.js'

/** Security patch levels of a VEK; null where the certificate has none. */
export interface VekExtensions {
  /** Without the stepping that may follow a hyphen, as in `Milan-B0`. */
  readonly productName: string | null
  /** The TCB from which the key was derived; null when a component is missing. */
  readonly tcb: Tcb | null
  /** 64 bytes, on Turin 8; of VCEKs only. */
  readonly hwId: Bytes | null
  /** The cloud provider's fleet; of VLEKs only. */
  readonly cspId: string | null
}

const AMD = '1.3.6.1.4.1.3704.1'
const STRUCT_VERSION = `${AMD}.1`
const PRODUCT_NAME = `${AMD}.2`
const BL_SPL = `${AMD}.3.1`
const TEE_SPL = `${AMD}.3.2`
const SNP_SPL = `${AMD}.3.3`
const RESERVED_SPLS = [`${AMD}.3.4`, `${AMD}.3.5`, `${AMD}.3.6`, `${AMD}.3.7`]
const UCODE_SPL = `${AMD}.3.8`
const FMC_SPL = `${AMD}.3.9`
const HW_ID = `${AMD}.4`
const CSP_ID = `${AMD}.5`

const INTEGER = 0x02
const OCTET_STRING = 0x04
const IA5_STRING = 0x16
const STRUCT_VERSION_MAX = 1
/** Lengths of a hwID: raw, and in an OCTET STRING, on Milan and Genoa and on Turin. */
const HW_ID_RAW = Object.values(HW_ID_LEN)
const HW_ID_WRAPPED = HW_ID_RAW.map((length) => length + 2)

/**
 * Decodes the extensions of a VCEK or VLEK.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT` when one is not encoded as AMD does it
 */
export function vekExtensions({ extensions }: Certificate): VekExtensions {
  const level = (oid: string): number | null => optional(extensions.get(oid), integer)
  const version = level(STRUCT_VERSION)
  if (version === null || version > STRUCT_VERSION_MAX) {
    throw malformed(`structVersion 0 or 1 expected, got ${version ?? 'none'}`)
  }
  if (RESERVED_SPLS.some((oid) => (level(oid) ?? 0) !== 0)) {
    throw malformed('a reserved SPL is not zero')
  }
  const [bootLoader, tee, snp, microcode] = [BL_SPL, TEE_SPL, SNP_SPL, UCODE_SPL].map(level)
  const complete = bootLoader != null && tee != null && snp != null && microcode != null
  return {
    productName: optional(extensions.get(PRODUCT_NAME), text)?.split('-', 1)[0] ?? null,
    tcb: complete ? { fmc: level(FMC_SPL), bootLoader, tee, snp, microcode } : null,
    hwId: optional(extensions.get(HW_ID), hardwareId),
    cspId: optional(extensions.get(CSP_ID), text),
  }
}

function optional<Value>(der: Bytes | undefined, decode: (der: Bytes) => Value): Value | null {
  return der === undefined ? null : decode(der)
}

/** DER INTEGER of 0 to 255: one octet, or a zero before one whose top bit is set. */
function integer(der: Bytes): number {
  const value = der[der.length - 1] as number
  const minimal = value < 0x80 ? [INTEGER, 1, value] : [INTEGER, 2, 0, value]
  if (der.length !== minimal.length || minimal.some((octet, at) => octet !== der[at])) {
    throw malformed('a security patch level is not a DER INTEGER of 0 to 255')
  }
  return value
}

/** IA5String of printable characters. */
function text(der: Bytes): string {
  const value = contentKey(der.subarray(2))
  if (der[0] !== IA5_STRING || der[1] !== value.length || !/^[ -~]{1,127}$/.test(value)) {
    throw malformed('productName or cspID is not a printable IA5String')
  }
  return value
}

/**
 * Raw bytes, or an OCTET STRING around them. The length decides: raw bytes may start like an OCTET
 * STRING by chance.
 */
function hardwareId(der: Bytes): Bytes {
  if (HW_ID_RAW.includes(der.length)) return der
  const wrapped = HW_ID_WRAPPED.includes(der.length)
  if (!wrapped || der[0] !== OCTET_STRING || der[1] !== der.length - 2) {
    throw malformed('hwID has neither the length nor the encoding of one')
  }
  return der.slice(2)
}

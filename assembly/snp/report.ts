// SPDX-License-Identifier: Apache-2.0
// Structure of an SNP ATTESTATION_REPORT in the input window: says yes only to reports that
// firmware of a known version can have written.

import { inputAt } from '../arena'
import { fault, isZero, zero } from '../bytes'
import { Status } from '../status'
import * as bits from './bits'
import * as layout from './layout'

/** Checks the first `length` bytes of the input window; the first rule broken decides. */
export function checkReport(length: i32): Status {
  if (length != layout.REPORT_LEN) return fault(Status.SnpLength, length)
  const version = load<u32>(inputAt, layout.VERSION_AT)
  if (version < <u32>layout.VERSION_MIN || version > <u32>layout.VERSION_MAX) {
    return fault(Status.SnpVersion, <i32>version)
  }
  return checkValues() || checkReserved(version) || checkSignature()
}

function checkValues(): Status {
  const policy = load<u64>(inputAt, layout.POLICY_AT)
  if (policy >> bits.POLICY_MBZ_BIT != 0 || ((policy >> bits.POLICY_ONE_BIT) & 1) == 0) {
    return fault(Status.SnpPolicy, layout.POLICY_AT)
  }
  const vmpl = load<u32>(inputAt, layout.VMPL_AT)
  if (vmpl > <u32>bits.VMPL_MAX && vmpl != <u32>bits.VMPL_HOST) {
    return fault(Status.SnpVmpl, layout.VMPL_AT)
  }
  const algorithm = load<u32>(inputAt, layout.SIGNATURE_ALGO_AT)
  if (algorithm != <u32>bits.SIGNATURE_ALGO_ECDSA_P384_SHA384) {
    return fault(Status.SnpSignatureAlgorithm, layout.SIGNATURE_ALGO_AT)
  }
  const flags = load<u32>(inputAt, layout.KEY_FLAGS_AT)
  if (flags >> bits.KEY_MBZ_BIT != 0) return fault(Status.SnpReserved, layout.KEY_FLAGS_AT)
  const key = (flags >> bits.KEY_SIGNING_KEY_BIT) & <u32>bits.KEY_SIGNING_KEY_MASK
  return key == <u32>bits.SIGNING_KEY_VCEK || key == <u32>bits.SIGNING_KEY_VLEK
    ? Status.Ok
    : fault(Status.SnpSigningKey, layout.KEY_FLAGS_AT)
}

/** Reserved ranges of the newest version, and the fields that `version` does not have yet. */
function checkReserved(version: u32): Status {
  return (
    zero(Status.SnpReserved, layout.RESERVED_04C_AT, layout.RESERVED_04C_LEN) ||
    (version < <u32>layout.VERSION_CPUID
      ? zero(
          Status.SnpReserved,
          layout.CPUID_FAM_ID_AT,
          layout.RESERVED_18B_AT - layout.CPUID_FAM_ID_AT,
        )
      : Status.Ok) ||
    zero(Status.SnpReserved, layout.RESERVED_18B_AT, layout.RESERVED_18B_LEN) ||
    zero(Status.SnpReserved, layout.RESERVED_1EB_AT, layout.RESERVED_1EB_LEN) ||
    zero(Status.SnpReserved, layout.RESERVED_1EF_AT, layout.RESERVED_1EF_LEN) ||
    (version < <u32>layout.VERSION_MIT_VECTOR
      ? zero(
          Status.SnpReserved,
          layout.LAUNCH_MIT_VECTOR_AT,
          layout.RESERVED_208_AT - layout.LAUNCH_MIT_VECTOR_AT,
        )
      : Status.Ok) ||
    zero(Status.SnpReserved, layout.RESERVED_208_AT, layout.RESERVED_208_LEN)
  )
}

/**
 * The padding lies outside the signed bytes, so anybody could hide bytes of his own there. Firmware
 * that was told not to sign leaves R and S zero.
 */
function checkSignature(): Status {
  return (
    notZero(layout.SIGNATURE_R_AT, layout.SIGNATURE_R_LEN) ||
    zero(Status.SnpSignatureFormat, layout.PADDING_R_AT, layout.PADDING_R_LEN) ||
    notZero(layout.SIGNATURE_S_AT, layout.SIGNATURE_S_LEN) ||
    zero(Status.SnpSignatureFormat, layout.PADDING_S_AT, layout.PADDING_S_LEN) ||
    zero(Status.SnpSignatureFormat, layout.PADDING_SIGNATURE_AT, layout.PADDING_SIGNATURE_LEN)
  )
}

function notZero(at: i32, length: i32): Status {
  return isZero(inputAt + at, length) ? fault(Status.SnpSignatureFormat, at) : Status.Ok
}

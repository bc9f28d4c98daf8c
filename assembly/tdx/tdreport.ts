// SPDX-License-Identifier: Apache-2.0
// Structure of a TDREPORT in the input window, and that its two hashes are those of what it carries.
// The MAC is keyed with a secret of the platform: nothing here, and nothing anywhere off that
// platform, proves where a TDREPORT comes from.

import { inputAt, outputAt } from '../arena'
import { fault, zero } from '../bytes'
import { digest } from '../sha2'
import { Status } from '../status'
import * as layout from './layout-tdreport'

/** Checks the first `length` bytes of the input window; the first rule broken decides. */
export function checkReport(length: i32): Status {
  if (length != layout.TDREPORT_LEN) return fault(Status.TdReportLength, length)
  return checkType() || checkReserved() || checkHashes()
}

function checkType(): Status {
  if (load<u8>(inputAt, layout.TYPE_AT) != <u8>layout.TYPE_TDX) {
    return fault(Status.TdReportType, layout.TYPE_AT)
  }
  if (load<u8>(inputAt, layout.SUBTYPE_AT) != <u8>layout.SUBTYPE_TDX) {
    return fault(Status.TdReportType, layout.SUBTYPE_AT)
  }
  return load<u8>(inputAt, layout.VERSION_AT) > <u8>layout.VERSION_MAX
    ? fault(Status.TdReportVersion, layout.VERSION_AT)
    : Status.Ok
}

function checkReserved(): Status {
  return (
    zero(Status.TdReportReserved, layout.RESERVED_003_AT, layout.RESERVED_003_LEN) ||
    zero(Status.TdReportReserved, layout.RESERVED_0C0_AT, layout.RESERVED_0C0_LEN) ||
    zero(Status.TdReportReserved, layout.RESERVED_190_AT, layout.RESERVED_190_LEN) ||
    zero(Status.TdReportReserved, layout.RESERVED_1EF_AT, layout.RESERVED_1EF_LEN) ||
    (load<u8>(inputAt, layout.VERSION_AT) < <u8>layout.VERSION_SERVTD
      ? zero(Status.TdReportReserved, layout.SERVTD_HASH_AT, layout.SERVTD_HASH_LEN)
      : Status.Ok) ||
    zero(Status.TdReportReserved, layout.RESERVED_3C0_AT, layout.RESERVED_3C0_LEN)
  )
}

function checkHashes(): Status {
  if (!isDigest(layout.TEE_TCB_INFO_HASH_AT, layout.VALID_AT, layout.TEE_TCB_INFO_END)) {
    return fault(Status.TdReportTcbInfoHash, layout.TEE_TCB_INFO_HASH_AT)
  }
  return isDigest(layout.TEE_INFO_HASH_AT, layout.TD_ATTRIBUTES_AT, layout.TDREPORT_LEN)
    ? Status.Ok
    : fault(Status.TdReportInfoHash, layout.TEE_INFO_HASH_AT)
}

/** Whether the hash at `at` is the SHA-384 of [start, end). */
function isDigest(at: i32, start: i32, end: i32): bool {
  digest(layout.HASH_LEN, inputAt + start, end - start, outputAt)
  return memory.compare(outputAt, inputAt + at, layout.HASH_LEN) == 0
}

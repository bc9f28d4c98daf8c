// SPDX-License-Identifier: Apache-2.0
// The typed, read-only view of a TDREPORT, which proves nothing to anybody off the platform.

import * as at from '../../assembly/tdx/layout-tdreport.js'
import { call, put, settle } from './core.js'
import { type Bytes, PrivateCopy } from './private-copy.js'
import { type TdAttributeBits, tdAttributeBits } from './td-attributes.js'
import type { Rtmrs } from './tdx-body.js'

export type { TdReport }

/**
 * Reads a TDREPORT of version 0 or 1 (Intel TDX module ABI, TDREPORT_STRUCT): exactly 1024 bytes,
 * copied once. Its reserved bytes and its two SHA-384 hashes are checked, and that is all anybody
 * can check: the MAC is keyed with a secret that never leaves the CPU package, so whoever can type
 * 1024 bytes can make a TDREPORT that passes. Never take one for a quote, which a quoting enclave on
 * the same machine makes of it.
 *
 * @throws {AttestationError} an `ERR_TDREPORT_…` code of the `evidence` layer, which names the field
 */
export function parseTdReport(bytes: Uint8Array): TdReport {
  return call((c) => {
    settle(c, c.x.checkTdReport(put(c, bytes)))
    return new TdReport(c.input.subarray(0, at.TDREPORT_LEN))
  })
}

/**
 * A TDREPORT that is consistent with itself, and unverifiable. Byte fields are in memory order and a
 * fresh copy at every read; measurements are SHA-384, 48 bytes.
 */
class TdReport {
  readonly #copy: PrivateCopy

  constructor(bytes: Uint8Array) {
    this.#copy = new PrivateCopy(bytes)
  }

  /** The MAC can be checked only on the platform that made it. */
  get remotelyVerifiable(): false {
    return false
  }

  /** Version of REPORTTYPE: 1 when SERVTD_HASH is in use, else 0. */
  get version(): number {
    return this.#copy.u8(at.VERSION_AT)
  }

  /** 16 bytes. */
  get cpuSvn(): Bytes {
    return this.#copy.bytes(at.CPU_SVN_AT, at.CPU_SVN_LEN)
  }

  get teeTcbInfoHash(): Bytes {
    return this.#copy.bytes(at.TEE_TCB_INFO_HASH_AT, at.TEE_TCB_INFO_HASH_LEN)
  }

  /** Hash of TDINFO. */
  get teeInfoHash(): Bytes {
    return this.#copy.bytes(at.TEE_INFO_HASH_AT, at.TEE_INFO_HASH_LEN)
  }

  /** 64 bytes that the caller in the TD chose. */
  get reportData(): Bytes {
    return this.#copy.bytes(at.REPORT_DATA_AT, at.REPORT_DATA_LEN)
  }

  /** 32 bytes under a key of the CPU package. */
  get mac(): Bytes {
    return this.#copy.bytes(at.MAC_AT, at.MAC_LEN)
  }

  get teeTcbInfo(): TeeTcbInfo {
    return new TeeTcbInfo(this.#copy)
  }

  get tdInfo(): TdInfo {
    return new TdInfo(this.#copy)
  }

  /** The whole TDREPORT. */
  get bytes(): Bytes {
    return this.#copy.bytes(0, at.TDREPORT_LEN)
  }
}

/** TEE_TCB_INFO: the TDX module. */
export class TeeTcbInfo {
  readonly #copy: PrivateCopy

  constructor(copy: PrivateCopy) {
    this.#copy = copy
  }

  /** One bit for each field that the module fills. */
  get valid(): bigint {
    return this.#copy.u64(at.VALID_AT)
  }

  /** 16 bytes: SVN of the TDX module that launched the TD. */
  get teeTcbSvn(): Bytes {
    return this.#copy.bytes(at.TEE_TCB_SVN_AT, at.TEE_TCB_SVN_LEN)
  }

  get mrSeam(): Bytes {
    return this.#copy.bytes(at.MR_SEAM_AT, at.MR_SEAM_LEN)
  }

  /** Zero for Intel's modules. */
  get mrSignerSeam(): Bytes {
    return this.#copy.bytes(at.MR_SIGNER_SEAM_AT, at.MR_SIGNER_SEAM_LEN)
  }

  /** Zero for Intel's modules. */
  get attributes(): bigint {
    return this.#copy.u64(at.SEAM_ATTRIBUTES_AT)
  }

  /** 16 bytes: SVN of the TDX module that runs now; zero from modules before 1.5. */
  get teeTcbSvn2(): Bytes {
    return this.#copy.bytes(at.TEE_TCB_SVN2_AT, at.TEE_TCB_SVN2_LEN)
  }
}

/** TDINFO: the TD. */
export class TdInfo {
  readonly #copy: PrivateCopy

  constructor(copy: PrivateCopy) {
    this.#copy = copy
  }

  /** TDATTRIBUTES as one integer; `attributeBits` has its parts. */
  get attributes(): bigint {
    return this.#copy.u64(at.TD_ATTRIBUTES_AT)
  }

  get attributeBits(): TdAttributeBits {
    return tdAttributeBits(this.attributes)
  }

  /** XSAVE components that the TD may use. */
  get xfam(): bigint {
    return this.#copy.u64(at.XFAM_AT)
  }

  /** Measurement of the initial memory. */
  get mrTd(): Bytes {
    return this.#copy.bytes(at.MR_TD_AT, at.MR_TD_LEN)
  }

  get mrConfigId(): Bytes {
    return this.#copy.bytes(at.MR_CONFIG_ID_AT, at.MR_CONFIG_ID_LEN)
  }

  get mrOwner(): Bytes {
    return this.#copy.bytes(at.MR_OWNER_AT, at.MR_OWNER_LEN)
  }

  get mrOwnerConfig(): Bytes {
    return this.#copy.bytes(at.MR_OWNER_CONFIG_AT, at.MR_OWNER_CONFIG_LEN)
  }

  /** Measurements extended at run time. */
  get rtmr(): Rtmrs {
    return [
      this.#copy.bytes(at.RTMR0_AT, at.RTMR0_LEN),
      this.#copy.bytes(at.RTMR1_AT, at.RTMR1_LEN),
      this.#copy.bytes(at.RTMR2_AT, at.RTMR2_LEN),
      this.#copy.bytes(at.RTMR3_AT, at.RTMR3_LEN),
    ]
  }

  /** Measurement of the service TDs bound, zero without any. */
  get servtdHash(): Bytes {
    return this.#copy.bytes(at.SERVTD_HASH_AT, at.SERVTD_HASH_LEN)
  }
}

// SPDX-License-Identifier: Apache-2.0
// The TD report body of a quote, types 2, 3 and 4.

import * as at from '../../assembly/tdx/layout-body.js'
import type { Bytes, PrivateCopy } from './private-copy.js'
import { type TdAttributeBits, tdAttributeBits } from './td-attributes.js'

/** Type of a TD report body: 2 is TDX 1.0, 3 is TDX 1.5, 4 is "TDX 1.5 ex". */
export type TdReportType = 2 | 3 | 4

/** RTMR0 to RTMR3, 48 bytes each. */
export type Rtmrs = readonly [Bytes, Bytes, Bytes, Bytes]

/**
 * What the TDX module measured (Intel DCAP sgx_quote_5.h). Byte fields are in memory order and a
 * fresh copy at every read; measurements are SHA-384, 48 bytes.
 */
export class TdReportBody {
  readonly #copy: PrivateCopy
  readonly #type: TdReportType

  constructor(copy: PrivateCopy, type: TdReportType) {
    this.#copy = copy
    this.#type = type
  }

  get type(): TdReportType {
    return this.#type
  }

  /**
   * 16 bytes: minor and major SVN of the TDX module that launched the TD, then SVN of the microcode
   * when it was loaded.
   */
  get teeTcbSvn(): Bytes {
    return this.#copy.bytes(at.TEE_TCB_SVN_AT, at.TEE_TCB_SVN_LEN)
  }

  /** Measurement of the TDX module. */
  get mrSeam(): Bytes {
    return this.#copy.bytes(at.MR_SEAM_AT, at.MR_SEAM_LEN)
  }

  /** Signer of the TDX module; zero for Intel's. */
  get mrSignerSeam(): Bytes {
    return this.#copy.bytes(at.MR_SIGNER_SEAM_AT, at.MR_SIGNER_SEAM_LEN)
  }

  /** Attributes of the TDX module; zero for Intel's. */
  get seamAttributes(): bigint {
    return this.#copy.u64(at.SEAM_ATTRIBUTES_AT)
  }

  /** TDATTRIBUTES as one integer; `tdAttributeBits` has its parts. */
  get tdAttributes(): bigint {
    return this.#copy.u64(at.TD_ATTRIBUTES_AT)
  }

  get tdAttributeBits(): TdAttributeBits {
    return tdAttributeBits(this.tdAttributes)
  }

  /** XSAVE components that the TD may use. */
  get xfam(): bigint {
    return this.#copy.u64(at.XFAM_AT)
  }

  /** Measurement of the initial memory. */
  get mrTd(): Bytes {
    return this.#copy.bytes(at.MR_TD_AT, at.MR_TD_LEN)
  }

  /** Chosen by the host at launch, as are the two that follow. */
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

  /** 64 bytes that the caller in the TD chose. */
  get reportData(): Bytes {
    return this.#copy.bytes(at.REPORT_DATA_AT, at.REPORT_DATA_LEN)
  }

  /** 16 bytes: SVN of the TDX module that runs now; null in type 2. */
  get teeTcbSvn2(): Bytes | null {
    if (this.#type < at.TD_REPORT15) return null
    return this.#copy.bytes(at.TEE_TCB_SVN2_AT, at.TEE_TCB_SVN2_LEN)
  }

  /** Measurement of the service TDs bound, zero without any; null in type 2. */
  get mrServiceTd(): Bytes | null {
    if (this.#type < at.TD_REPORT15) return null
    return this.#copy.bytes(at.MR_SERVICE_TD_AT, at.MR_SERVICE_TD_LEN)
  }

  /** What only type 4 has, or null. */
  get extension(): TdReportExtension | null {
    return this.#type < at.TD_REPORT15_EX ? null : new TdReportExtension(this.#copy)
  }
}

/** The fields of type 4 alone (Intel DCAP sgx_quote_5.h). No hardware that emits it is public. */
export class TdReportExtension {
  readonly #copy: PrivateCopy

  constructor(copy: PrivateCopy) {
    this.#copy = copy
  }

  get vmid(): number {
    return this.#copy.u8(at.VMID_AT)
  }

  /** 32 bytes. */
  get tdId(): Bytes {
    return this.#copy.bytes(at.TD_ID_AT, at.TD_ID_LEN)
  }

  /** Hash of the devices assigned, 48 bytes. */
  get devInfo(): Bytes {
    return this.#copy.bytes(at.DEV_INFO_AT, at.DEV_INFO_LEN)
  }

  /** Service TDs at the launch of the TD, 48 bytes. */
  get initServtdHash(): Bytes {
    return this.#copy.bytes(at.INIT_SERVTD_HASH_AT, at.INIT_SERVTD_HASH_LEN)
  }

  get initServtdAttr(): bigint {
    return this.#copy.u64(at.INIT_SERVTD_ATTR_AT)
  }

  /** CPUSVN of the platform that launched the TD, 16 bytes. */
  get initCpuSvn(): Bytes {
    return this.#copy.bytes(at.INIT_CPU_SVN_AT, at.INIT_CPU_SVN_LEN)
  }

  /** 16 bytes. */
  get initTeeTcbSvn(): Bytes {
    return this.#copy.bytes(at.INIT_TEE_TCB_SVN_AT, at.INIT_TEE_TCB_SVN_LEN)
  }

  /** 12 bytes. */
  get initTeeFmspc(): Bytes {
    return this.#copy.bytes(at.INIT_TEE_FMSPC_AT, at.INIT_TEE_FMSPC_LEN)
  }

  /** Service TDs now, 48 bytes. */
  get currServtdHash(): Bytes {
    return this.#copy.bytes(at.CURR_SERVTD_HASH_AT, at.CURR_SERVTD_HASH_LEN)
  }

  get currServtdAttr(): bigint {
    return this.#copy.u64(at.CURR_SERVTD_ATTR_AT)
  }
}

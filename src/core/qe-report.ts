// SPDX-License-Identifier: Apache-2.0
// The report of the quoting enclave that a TDX quote carries.

import * as at from '../../assembly/tdx/layout-qe.js'
import type { Bytes, PrivateCopy } from './private-copy.js'

/**
 * Body of an SGX REPORT (Intel SDM volume 3D, REPORT). Its REPORTDATA binds the attestation key; the
 * PCK signs it. Byte fields are in memory order and a fresh copy at every read.
 */
export class QeReport {
  readonly #copy: PrivateCopy

  constructor(copy: PrivateCopy) {
    this.#copy = copy
  }

  /** 16 bytes; not the CPUSVN of the PCK certificate. */
  get cpuSvn(): Bytes {
    return this.#copy.bytes(at.CPU_SVN_AT, at.CPU_SVN_LEN)
  }

  get miscSelect(): number {
    return this.#copy.u32(at.MISC_SELECT_AT)
  }

  /** 16 bytes, chosen by the signer; zero without key separation and sharing. */
  get isvExtProdId(): Bytes {
    return this.#copy.bytes(at.ISV_EXT_PROD_ID_AT, at.ISV_EXT_PROD_ID_LEN)
  }

  /** 16 bytes: flags, then XFRM. */
  get attributes(): Bytes {
    return this.#copy.bytes(at.ATTRIBUTES_AT, at.ATTRIBUTES_LEN)
  }

  /** 32 bytes. */
  get mrEnclave(): Bytes {
    return this.#copy.bytes(at.MR_ENCLAVE_AT, at.MR_ENCLAVE_LEN)
  }

  /** 32 bytes. */
  get mrSigner(): Bytes {
    return this.#copy.bytes(at.MR_SIGNER_AT, at.MR_SIGNER_LEN)
  }

  /** 64 bytes, chosen at launch; zero without key separation and sharing. */
  get configId(): Bytes {
    return this.#copy.bytes(at.CONFIG_ID_AT, at.CONFIG_ID_LEN)
  }

  get isvProdId(): number {
    return this.#copy.u16(at.ISV_PROD_ID_AT)
  }

  get isvSvn(): number {
    return this.#copy.u16(at.ISV_SVN_AT)
  }

  get configSvn(): number {
    return this.#copy.u16(at.CONFIG_SVN_AT)
  }

  /** 16 bytes, chosen by the signer; zero without key separation and sharing. */
  get isvFamilyId(): Bytes {
    return this.#copy.bytes(at.ISV_FAMILY_ID_AT, at.ISV_FAMILY_ID_LEN)
  }

  /** 64 bytes: SHA-256 of attestation key and QE authentication data, then zeros. */
  get reportData(): Bytes {
    return this.#copy.bytes(at.REPORT_DATA_AT, at.REPORT_DATA_LEN)
  }
}

// SPDX-License-Identifier: Apache-2.0
// The typed, read-only view of an SNP attestation report.

import * as bits from '../../assembly/snp/bits.js'
import * as at from '../../assembly/snp/layout.js'
import { joinBytes } from './bytes.js'
import { call, put, settle } from './core.js'
import { type Bytes, PrivateCopy } from './private-copy.js'
import { type PlatformInfoBits, type PolicyBits, platformInfoBits, policyBits } from './snp-bits.js'
import { type Cpuid, type Product, productOf } from './snp-tcb.js'

export type { PlatformInfoBits, PolicyBits } from './snp-bits.js'
export {
  type Cpuid,
  decodeTcb,
  HW_ID_LEN,
  type Product,
  productOf,
  type Tcb,
  tcbAtLeast,
} from './snp-tcb.js'
export type { SnpReport }

/** Version of the SNP firmware. */
export interface FirmwareVersion {
  readonly major: number
  readonly minor: number
  readonly build: number
}

/**
 * Reads an ATTESTATION_REPORT of version 2 to 5 (AMD 56860, table ATTESTATION_REPORT): exactly
 * 1184 bytes, copied once, so that later changes to `bytes` change nothing. The structure is
 * checked, reserved bytes included; the signature is not.
 *
 * @throws {AttestationError} an `ERR_SNP_…` code of the `evidence` layer, which names the field
 */
export function parseSnpReport(bytes: Uint8Array): SnpReport {
  return call((c) => {
    settle(c, c.x.checkSnpReport(put(c, bytes)))
    return new SnpReport(c.input.subarray(0, at.REPORT_LEN))
  })
}

/**
 * A structurally sound report. Fields carry AMD's names; byte fields are in memory order and a
 * fresh copy at every read; TCBs are raw, to be decoded with `decodeTcb` once the product is known.
 */
class SnpReport {
  readonly #report: PrivateCopy

  constructor(checked: Uint8Array) {
    this.#report = new PrivateCopy(checked)
  }

  /** Version of the structure: 2, 3, 4 or 5. */
  get version(): number {
    return this.#report.u32(at.VERSION_AT)
  }

  /** From the ID block; 0 without one. */
  get guestSvn(): number {
    return this.#report.u32(at.GUEST_SVN_AT)
  }

  /** POLICY as one integer; `policyBits` has its parts. */
  get policy(): bigint {
    return this.#report.u64(at.POLICY_AT)
  }

  get policyBits(): PolicyBits {
    return policyBits(this.#report.u32(at.POLICY_AT))
  }

  /** 16 bytes from the ID block. */
  get familyId(): Bytes {
    return this.#report.bytes(at.FAMILY_ID_AT, at.FAMILY_ID_LEN)
  }

  /** 16 bytes from the ID block. */
  get imageId(): Bytes {
    return this.#report.bytes(at.IMAGE_ID_AT, at.IMAGE_ID_LEN)
  }

  /** 0 to 3 as the guest asked, or 0xffffffff for a report that the host asked for. */
  get vmpl(): number {
    return this.#report.u32(at.VMPL_AT)
  }

  /** 1: ECDSA P-384 with SHA-384. */
  get signatureAlgo(): number {
    return this.#report.u32(at.SIGNATURE_ALGO_AT)
  }

  /** TCB that runs now, 8 bytes. */
  get currentTcb(): Bytes {
    return this.#report.bytes(at.CURRENT_TCB_AT, at.CURRENT_TCB_LEN)
  }

  /** PLATFORM_INFO as one integer; `platformInfoBits` has its parts. */
  get platformInfo(): bigint {
    return this.#report.u64(at.PLATFORM_INFO_AT)
  }

  get platformInfoBits(): PlatformInfoBits {
    return platformInfoBits(this.platformInfo)
  }

  /** Whether AUTHOR_KEY_DIGEST is present. */
  get authorKeyEn(): boolean {
    return this.#keyFlag(bits.KEY_AUTHOR_KEY_EN_BIT)
  }

  /** Whether the host forbade the use of the VCEK. */
  get maskChipKey(): boolean {
    return this.#keyFlag(bits.KEY_MASK_CHIP_KEY_BIT)
  }

  /** The kind of key that signed: of the chip (VCEK) or of the cloud provider (VLEK). */
  get signingKey(): 'vcek' | 'vlek' {
    const key = this.#report.u32(at.KEY_FLAGS_AT) >>> bits.KEY_SIGNING_KEY_BIT
    return (key & bits.KEY_SIGNING_KEY_MASK) === bits.SIGNING_KEY_VLEK ? 'vlek' : 'vcek'
  }

  /** 64 bytes that the caller in the guest chose; zero if the host asked. */
  get reportData(): Bytes {
    return this.#report.bytes(at.REPORT_DATA_AT, at.REPORT_DATA_LEN)
  }

  /** Launch digest, SHA-384. */
  get measurement(): Bytes {
    return this.#report.bytes(at.MEASUREMENT_AT, at.MEASUREMENT_LEN)
  }

  /** 32 bytes that the host gave at launch. */
  get hostData(): Bytes {
    return this.#report.bytes(at.HOST_DATA_AT, at.HOST_DATA_LEN)
  }

  /** SHA-384 of the ID public key; zero without an ID block. */
  get idKeyDigest(): Bytes {
    return this.#report.bytes(at.ID_KEY_DIGEST_AT, at.ID_KEY_DIGEST_LEN)
  }

  /** SHA-384 of the author public key; zero unless `authorKeyEn`. */
  get authorKeyDigest(): Bytes {
    return this.#report.bytes(at.AUTHOR_KEY_DIGEST_AT, at.AUTHOR_KEY_DIGEST_LEN)
  }

  /** 32 random bytes that the guest keeps through its life. */
  get reportId(): Bytes {
    return this.#report.bytes(at.REPORT_ID_AT, at.REPORT_ID_LEN)
  }

  /** Report id of the migration agent; all 0xff without one. */
  get reportIdMa(): Bytes {
    return this.#report.bytes(at.REPORT_ID_MA_AT, at.REPORT_ID_MA_LEN)
  }

  /** TCB from which the signing key is derived, 8 bytes: the one its certificate must name. */
  get reportedTcb(): Bytes {
    return this.#report.bytes(at.REPORTED_TCB_AT, at.REPORTED_TCB_LEN)
  }

  /** The processor, or null in version 2, which does not say. */
  get cpuid(): Cpuid | null {
    if (this.version < at.VERSION_CPUID) return null
    return {
      family: this.#report.u8(at.CPUID_FAM_ID_AT),
      model: this.#report.u8(at.CPUID_MOD_ID_AT),
      stepping: this.#report.u8(at.CPUID_STEP_AT),
    }
  }

  /** The product that `cpuid` names, or null when it names none we know or the version has none. */
  get product(): Product | null {
    const cpuid = this.cpuid
    return cpuid && productOf(cpuid)
  }

  /** 64 bytes; on Turin 8 and then zeros; all zero when the host masks it. */
  get chipId(): Bytes {
    return this.#report.bytes(at.CHIP_ID_AT, at.CHIP_ID_LEN)
  }

  /** TCB below which the platform cannot be rolled back, 8 bytes. */
  get committedTcb(): Bytes {
    return this.#report.bytes(at.COMMITTED_TCB_AT, at.COMMITTED_TCB_LEN)
  }

  /** Firmware that runs now. */
  get current(): FirmwareVersion {
    return {
      major: this.#report.u8(at.CURRENT_MAJOR_AT),
      minor: this.#report.u8(at.CURRENT_MINOR_AT),
      build: this.#report.u8(at.CURRENT_BUILD_AT),
    }
  }

  /** Firmware below which the platform cannot be rolled back. */
  get committed(): FirmwareVersion {
    return {
      major: this.#report.u8(at.COMMITTED_MAJOR_AT),
      minor: this.#report.u8(at.COMMITTED_MINOR_AT),
      build: this.#report.u8(at.COMMITTED_BUILD_AT),
    }
  }

  /** TCB at launch or import of the guest, 8 bytes. */
  get launchTcb(): Bytes {
    return this.#report.bytes(at.LAUNCH_TCB_AT, at.LAUNCH_TCB_LEN)
  }

  /** Mitigations verified at launch, or null before version 5. */
  get launchMitVector(): bigint | null {
    return this.version < at.VERSION_MIT_VECTOR ? null : this.#report.u64(at.LAUNCH_MIT_VECTOR_AT)
  }

  /** Mitigations verified now, or null before version 5. */
  get currentMitVector(): bigint | null {
    return this.version < at.VERSION_MIT_VECTOR ? null : this.#report.u64(at.CURRENT_MIT_VECTOR_AT)
  }

  /** The bytes that the signature covers. */
  get signedBytes(): Bytes {
    return this.#report.bytes(0, at.SIGNED_LEN)
  }

  /** r || s, 48 bytes each, big-endian (IEEE P1363): the form of WebCrypto's ECDSA. */
  get signature(): Bytes {
    const r = this.#report.bytes(at.SIGNATURE_R_AT, at.SIGNATURE_R_LEN).reverse()
    const s = this.#report.bytes(at.SIGNATURE_S_AT, at.SIGNATURE_S_LEN).reverse()
    return joinBytes([r, s])
  }

  /** The whole report. */
  get bytes(): Bytes {
    return this.#report.bytes(0, at.REPORT_LEN)
  }

  #keyFlag(bit: number): boolean {
    return ((this.#report.u32(at.KEY_FLAGS_AT) >>> bit) & 1) === 1
  }
}

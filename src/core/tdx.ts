// SPDX-License-Identifier: Apache-2.0
// The typed, read-only view of a TDX quote, and how TDX evidence is told apart.

import * as at from '../../assembly/tdx/layout.js'
import * as signature from '../../assembly/tdx/layout-signature.js'
import { SUBTYPE_AT, SUBTYPE_TDX, TYPE_AT, TYPE_TDX } from '../../assembly/tdx/layout-tdreport.js'
import { call, put, settle } from './core.js'
import { pckChain } from './pck-chain.js'
import { type Bytes, PrivateCopy } from './private-copy.js'
import { QeReport } from './qe-report.js'
import { TdReportBody, type TdReportExtension, type TdReportType } from './tdx-body.js'

export type { QeReport, TdReportBody, TdReportExtension, TdxQuote }

/** What certifies the QE report; Intel's numbers (DCAP sgx_quote_3.h). */
export interface CertificationData {
  /** 1 to 3: PPID in the clear, under RSA-2048, under RSA-3072; 4: PCK leaf; 5: PCK chain, PEM. */
  readonly type: number
  readonly data: Bytes
}

/**
 * Reads a TDX quote of version 4 or 5 (Intel DCAP sgx_quote_4.h, sgx_quote_5.h), copied once, so that
 * later changes to `bytes` change nothing. Bytes may follow the quote, as files pad it; they are
 * counted and otherwise ignored. The structure is checked, no signature is.
 *
 * @throws {AttestationError} an `ERR_TDX_…` code of the `evidence` layer, which names the field;
 * `ERR_EVIDENCE_SIZE` for more bytes than the core takes
 */
export function parseTdxQuote(bytes: Uint8Array): TdxQuote {
  return call((c) => {
    const length = put(c, bytes)
    settle(c, c.x.checkTdxQuote(length))
    const quote = c.input.subarray(0, c.rows[at.QUOTE_LEN_WORD])
    const words = c.rows.slice(0, at.ROWS_WORD + at.CERTIFICATES_MAX * at.ROW_WORDS)
    return new TdxQuote(quote, words, length - quote.length)
  })
}

/** A structurally sound quote. Byte fields are in memory order and a fresh copy at every read. */
class TdxQuote {
  readonly #copy: PrivateCopy
  readonly #words: Uint32Array
  readonly #trailingBytes: number
  readonly #body: TdReportBody
  readonly #qeReport: QeReport
  readonly #pckChain: readonly Uint8Array[] | null

  constructor(bytes: Uint8Array, words: Uint32Array, trailingBytes: number) {
    this.#copy = new PrivateCopy(bytes)
    this.#words = words
    this.#trailingBytes = trailingBytes
    const body = new PrivateCopy(this.signedBytes.subarray(this.#word(at.BODY_AT_WORD)))
    this.#body = new TdReportBody(body, this.#word(at.BODY_TYPE_WORD) as TdReportType)
    this.#qeReport = new QeReport(new PrivateCopy(this.qeReportBytes))
    const isChain = this.#word(at.PCK_TYPE_WORD) === signature.PCK_CHAIN
    this.#pckChain = isChain ? pckChain(bytes, words) : null
  }

  /** Version of the format: 4 or 5. It does not tell the version of the TDX module. */
  get version(): number {
    return this.#copy.u16(at.VERSION_AT)
  }

  /** 2: ECDSA P-256 with SHA-256. */
  get attestationKeyType(): number {
    return this.#copy.u16(at.KEY_TYPE_AT)
  }

  /** 0x81: TDX. */
  get teeType(): number {
    return this.#copy.u32(at.TEE_TYPE_AT)
  }

  /** 16 bytes: Intel's. */
  get qeVendorId(): Bytes {
    return this.#copy.bytes(at.QE_VENDOR_ID_AT, at.QE_VENDOR_ID_LEN)
  }

  /** 20 bytes, of which the first 16 are the QE id of the platform. */
  get userData(): Bytes {
    return this.#copy.bytes(at.USER_DATA_AT, at.USER_DATA_LEN)
  }

  /** What the TDX module measured; always of type 2 in version 4. */
  get body(): TdReportBody {
    return this.#body
  }

  /** The bytes that the signature covers: everything before the signature data and its size. */
  get signedBytes(): Bytes {
    return this.#copy.bytes(0, this.#word(at.SIGNATURE_DATA_AT_WORD) - at.SIGNATURE_DATA_SIZE_LEN)
  }

  /** r || s, 32 bytes each, big-endian (IEEE P1363): the form of WebCrypto's ECDSA. */
  get signature(): Bytes {
    return this.#inSignatureData(signature.SIGNATURE_AT, signature.SIGNATURE_LEN)
  }

  /** x || y, 32 bytes each, big-endian, without the 0x04 of an uncompressed point. */
  get attestationKey(): Bytes {
    return this.#inSignatureData(signature.ATTESTATION_KEY_AT, signature.ATTESTATION_KEY_LEN)
  }

  get qeReport(): QeReport {
    return this.#qeReport
  }

  /** The bytes that the QE report's signature covers. */
  get qeReportBytes(): Bytes {
    return this.#inSignatureData(signature.QE_REPORT_AT, signature.QE_REPORT_LEN)
  }

  /** By the PCK, r || s as in `signature`. */
  get qeReportSignature(): Bytes {
    const { QE_REPORT_SIGNATURE_AT, QE_REPORT_SIGNATURE_LEN } = signature
    return this.#inSignatureData(QE_REPORT_SIGNATURE_AT, QE_REPORT_SIGNATURE_LEN)
  }

  /** Hashed with the attestation key into REPORTDATA of the QE report. Any length. */
  get qeAuthData(): Bytes {
    return this.#inSignatureData(signature.QE_AUTH_AT, this.#word(at.QE_AUTH_LEN_WORD))
  }

  get certificationData(): CertificationData {
    const start = this.#word(at.PCK_DATA_AT_WORD)
    return {
      type: this.#word(at.PCK_TYPE_WORD),
      data: this.#copy.bytes(start, this.#word(at.PCK_DATA_LEN_WORD)),
    }
  }

  /**
   * DER certificates in the order of the quote, which is PCK leaf, intermediate, root when Intel's
   * software wrote it; null when the certification data is of another type than 5.
   */
  get pckChain(): readonly Bytes[] | null {
    return this.#pckChain?.map((certificate) => certificate.slice()) ?? null
  }

  /** The quote without what followed it. */
  get bytes(): Bytes {
    return this.#copy.bytes(0, this.#word(at.QUOTE_LEN_WORD))
  }

  /** How many bytes of the buffer followed the quote; no signature covers them. */
  get trailingBytes(): number {
    return this.#trailingBytes
  }

  #inSignatureData(start: number, length: number): Bytes {
    return this.#copy.bytes(this.#word(at.SIGNATURE_DATA_AT_WORD) + start, length)
  }

  #word(index: number): number {
    return this.#words[index] as number
  }
}

/**
 * What TDX evidence the bytes begin like; null for anything else, an Azure HCL report (`HCLA`, which
 * wraps a TDREPORT) and a CBOR quote included. It only looks: versions are for the parser to judge.
 */
export function tdxEvidenceKind(bytes: Uint8Array): 'quote' | 'tdreport' | null {
  if (bytes.length < at.RESERVED_08_AT) return null
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (head.getUint8(TYPE_AT) === TYPE_TDX && head.getUint8(SUBTYPE_AT) === SUBTYPE_TDX) {
    return 'tdreport'
  }
  // An SNP report may have the same TEE type, as its guest SVN, but not a key type before it.
  const isTdx = head.getUint32(at.TEE_TYPE_AT, true) === at.TEE_TYPE_TDX
  return isTdx && head.getUint16(at.KEY_TYPE_AT, true) > 0 ? 'quote' : null
}

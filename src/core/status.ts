// SPDX-License-Identifier: Apache-2.0
// Status of the core → code and sentence. The record's type makes the compiler refuse a status
// without a code.

import { Status } from '../../assembly/status.js'
import { AttestationError, type Code } from '../errors.js'

/** `got`: the core's number is what it found, not where. */
type Refusal = readonly [code: Code, sentence: string, number?: 'got']

const REFUSALS: Record<Exclude<Status, Status.Ok>, Refusal> = {
  [Status.ReportDataLength]: [
    'ERR_REPORT_DATA_LENGTH',
    'the nonce or tree root has the wrong length for REPORT_DATA',
  ],
  [Status.ClaimTruncated]: ['ERR_CLAIM_LENGTH', 'a claim ends before its declared length'],
  [Status.ClaimOrder]: ['ERR_CLAIM_ORDER', 'claims must stand in ascending tag order'],
  [Status.ClaimDuplicate]: ['ERR_CLAIM_ORDER', 'a claim stands twice'],
  [Status.ClaimUnknown]: ['ERR_CLAIM_UNKNOWN', 'claim tag outside 0x01..0x05'],
  [Status.ClaimLength]: ['ERR_CLAIM_LENGTH', 'a claim has the wrong length for its tag'],
  [Status.TlsKeyEmpty]: ['ERR_CLAIM_LENGTH', 'the TLS key has no bytes'],
  [Status.ClaimNonce]: ['ERR_CLAIM_NONCE', 'the nonce claim is missing'],
  [Status.MerkleIndex]: ['ERR_MERKLE_INDEX', 'tree size or leaf index out of range'],
  [Status.MerklePathLength]: [
    'ERR_MERKLE_PATH',
    'the inclusion path has the wrong length for its index and tree size',
  ],
  [Status.DigestOrder]: ['ERR_DIGEST_ORDER', 'GPU evidence must stand in ascending index order'],

  [Status.SnpLength]: ['ERR_SNP_LENGTH', 'SNP report of 1184 bytes expected', 'got'],
  [Status.SnpVersion]: ['ERR_SNP_VERSION', 'SNP report version 2, 3, 4 or 5 expected', 'got'],
  [Status.SnpReserved]: [
    'ERR_SNP_RESERVED',
    'a reserved byte or bit of the SNP report is not zero',
  ],
  [Status.SnpPolicy]: ['ERR_SNP_POLICY', 'reserved bits of POLICY are wrong (17 one, 63:26 zero)'],
  [Status.SnpVmpl]: ['ERR_SNP_VMPL', 'VMPL 0..3, or 0xffffffff of a host report, expected'],
  [Status.SnpSigningKey]: ['ERR_SNP_SIGNING_KEY', 'SIGNING_KEY is neither VCEK nor VLEK'],
  [Status.SnpSignatureAlgorithm]: ['ERR_SNP_SIGNATURE_ALGORITHM', 'SIGNATURE_ALGO 1 expected'],
  [Status.SnpSignatureFormat]: [
    'ERR_SNP_SIGNATURE_FORMAT',
    'R or S of SIGNATURE is zero, or its padding is not',
  ],
  [Status.CertTableUnterminated]: [
    'ERR_CERT_TABLE',
    'the certificate table has no all-zero terminator',
  ],
  [Status.CertTableBounds]: ['ERR_CERT_TABLE', 'a certificate lies outside its table'],
  [Status.CertTableEntries]: ['ERR_CERT_TABLE', 'the certificate table has more than 32 entries'],

  [Status.TdxLength]: ['ERR_TDX_LENGTH', 'the TDX quote ends too early'],
  [Status.TdxVersion]: ['ERR_TDX_VERSION', 'TDX quote version 4 or 5 expected', 'got'],
  [Status.TdxKeyType]: ['ERR_TDX_KEY_TYPE', 'attestation key type 2 (ECDSA P-256) expected'],
  [Status.TdxTeeType]: ['ERR_TDX_TEE_TYPE', 'TEE type 0x81 (TDX) expected'],
  [Status.TdxReserved]: ['ERR_TDX_RESERVED', 'a reserved byte of the TDX quote is not zero'],
  [Status.TdxVendor]: ['ERR_TDX_VENDOR', 'the QE vendor is not Intel'],
  [Status.TdxBodyType]: ['ERR_TDX_BODY', 'TD report body type 2, 3 or 4 expected'],
  [Status.TdxBodySize]: ['ERR_TDX_BODY', 'the TD report body size disagrees with its type'],
  [Status.TdxSignatureLength]: [
    'ERR_TDX_SIGNATURE_DATA',
    'the signature data size is too small, or exceeds the buffer',
  ],
  [Status.TdxCertificationType]: [
    'ERR_TDX_CERTIFICATION_DATA',
    'certification data type 6 (QE report) expected',
  ],
  [Status.TdxCertificationLength]: [
    'ERR_TDX_CERTIFICATION_DATA',
    'the certification data size disagrees with the signature data size',
  ],
  [Status.TdxQeReserved]: ['ERR_TDX_RESERVED', 'a reserved byte of the QE report is not zero'],
  [Status.TdxQeAuthLength]: [
    'ERR_TDX_SIGNATURE_DATA',
    'the QE authentication data size exceeds the signature data',
  ],
  [Status.TdxPckType]: [
    'ERR_TDX_CERTIFICATION_DATA',
    'PCK certification data type 1, 2, 3, 4 or 5 expected',
  ],
  [Status.TdxPckLength]: [
    'ERR_TDX_CERTIFICATION_DATA',
    'the PCK certification data size disagrees with the signature data size or its type',
  ],
  [Status.TdxPckChain]: [
    'ERR_TDX_CERTIFICATION_DATA',
    'a PCK chain of one to eight PEM certificates and nothing else expected',
  ],
  [Status.TdReportLength]: ['ERR_TDREPORT_LENGTH', 'TDREPORT of 1024 bytes expected', 'got'],
  [Status.TdReportType]: ['ERR_TDREPORT_TYPE', 'TDREPORT type 0x81, subtype 0 expected'],
  [Status.TdReportReserved]: [
    'ERR_TDREPORT_RESERVED',
    'a reserved byte of the TDREPORT is not zero',
  ],
  [Status.TdReportVersion]: ['ERR_TDREPORT_VERSION', 'TDREPORT version 0 or 1 expected'],
  [Status.TdReportTcbInfoHash]: [
    'ERR_TDREPORT_HASH',
    'TEE_TCB_INFO_HASH is not the hash of TEE_TCB_INFO',
  ],
  [Status.TdReportInfoHash]: ['ERR_TDREPORT_HASH', 'TEE_INFO_HASH is not the hash of TDINFO'],

  [Status.NvidiaLength]: ['ERR_NVIDIA_LENGTH', 'the GPU report ends too early'],
  [Status.NvidiaRequest]: [
    'ERR_NVIDIA_REQUEST',
    'SPDM 1.1 GET_MEASUREMENTS of all blocks expected',
  ],
  [Status.NvidiaResponse]: ['ERR_NVIDIA_RESPONSE', 'SPDM 1.1 MEASUREMENTS response expected'],
  [Status.NvidiaBlockCount]: [
    'ERR_NVIDIA_MEASUREMENTS',
    '64 measurement blocks of a GPU, or 31 of an NVSwitch, expected',
  ],
  [Status.NvidiaBlock]: [
    'ERR_NVIDIA_MEASUREMENTS',
    'measurement blocks must be SHA-384 firmware digests, indices ascending from 1',
  ],
  [Status.NvidiaRecordLength]: [
    'ERR_NVIDIA_MEASUREMENTS',
    'the measurement record length disagrees with the block count',
  ],
  [Status.NvidiaOpaque]: ['ERR_NVIDIA_OPAQUE', 'an opaque field exceeds the opaque data'],
  [Status.NvidiaOpaqueDuplicate]: ['ERR_NVIDIA_OPAQUE', 'an opaque field stands twice'],
  [Status.NvidiaTooManyFields]: ['ERR_NVIDIA_OPAQUE', 'too many opaque fields'],
  [Status.NvidiaOpaqueEmpty]: ['ERR_NVIDIA_OPAQUE', 'the opaque data is empty'],
  [Status.NvidiaOpaqueHeader]: ['ERR_NVIDIA_OPAQUE', 'unsupported opaque data header'],
}

/** Throws the error that a status of the core stands for, with the number that goes with it. */
export function refuse(status: Exclude<Status, Status.Ok>, number: number): never {
  const [code, sentence, kind] = REFUSALS[status]
  const detail = kind === 'got' ? `, got ${number}` : ` (offset 0x${number.toString(16)})`
  throw new AttestationError(code, sentence + detail)
}

// SPDX-License-Identifier: Apache-2.0
// The public names of `assay`.

export { type CertKind, type CertTableEntry, parseCertTable } from './core/cert-table.js'
export { type BoundClaims, type Claim, encodeClaims } from './core/claims.js'
export { type DeviceEvidence, gpuEvidenceDigest, gpuNonce } from './core/digest.js'
export { merkleRoot, merkleVerify } from './core/merkle.js'
export { type MerkleTree, merkleTree } from './core/merkle-tree.js'
export {
  type Aep83GpuEvidence,
  type GpuReport,
  type OpaqueData,
  type OpaqueField,
  parseGpuReport,
  splitAep83GpuEvidence,
} from './core/nvidia.js'
export {
  reportDataBatch,
  reportDataBatchVerify,
  reportDataBound,
  reportDataFromClaims,
  reportDataRaw,
  reportDataTls,
} from './core/report-data.js'
export { Sha2, type Sha2Algorithm, sha384, sha384Pair, sha512, sha512Pair } from './core/sha2.js'
export {
  type Cpuid,
  decodeTcb,
  type FirmwareVersion,
  type PlatformInfoBits,
  type PolicyBits,
  type Product,
  parseSnpReport,
  productOf,
  type SnpReport,
  type Tcb,
  tcbAtLeast,
} from './core/snp.js'
export { snpReportFromIoctl } from './core/snp-response.js'
export { type TdAttributeBits, tdAttributeBits } from './core/td-attributes.js'
export { parseTdReport, type TdInfo, type TdReport, type TeeTcbInfo } from './core/tdreport.js'
export {
  type CertificationData,
  parseTdxQuote,
  type QeReport,
  type TdReportBody,
  type TdReportExtension,
  type TdxQuote,
  tdxEvidenceKind,
} from './core/tdx.js'
export { AttestationError, CODES, type Code, type Layer } from './errors.js'
export {
  type BatchProof,
  type BundleContent,
  type Evidence,
  type EvidenceFile,
  encodeBundle,
  type GpuEvidence,
  type Mode,
  parseEvidence,
  parseEvidenceFile,
  rawEvidence,
} from './evidence.js'

// SPDX-License-Identifier: Apache-2.0
// Entry of the single-file ESM build: what a plain `<script type="module">` can use, in one file.

export {
  AttestationError,
  CODES,
  decodeTcb,
  gpuEvidenceDigest,
  gpuNonce,
  merkleTree,
  merkleVerify,
  parseCertTable,
  parseGpuReport,
  parseSnpReport,
  parseTdReport,
  parseTdxQuote,
  productOf,
  reportDataBatch,
  reportDataBatchVerify,
  reportDataBound,
  reportDataRaw,
  reportDataTls,
  Sha2,
  sha384,
  sha512,
  splitAep83GpuEvidence,
  tcbAtLeast,
} from './index.js'
export {
  amdKds,
  appraiseSnp,
  authenticity,
  cacheStorageStore,
  explainPolicy,
  initPolicy,
  memoryStore,
  parsePolicy,
} from './verify/index.js'

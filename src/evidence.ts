// SPDX-License-Identifier: Apache-2.0
// Evidence on its way: what an Attester answers, and the files it is kept in.

export { parseEvidence, readEvidence } from './evidence/answer.js'
export { type BundleContent, encodeBundle, parseEvidenceFile } from './evidence/bundle.js'
export { parseJson } from './evidence/json.js'
export { rawEvidence } from './evidence/raw.js'
export { bytes, type Place, read } from './evidence/schema.js'
export type {
  BatchProof,
  Evidence,
  EvidenceFile,
  FormatCode,
  GpuEvidence,
} from './evidence/types.js'
export { MODES, type Mode, TEES } from './protocol.js'

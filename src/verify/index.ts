// SPDX-License-Identifier: Apache-2.0
// The public names of `assay/verify`.

export type { Anchor } from './chain.js'
export type { CrlClaims, EndorsementKeyClaims, RootClaims, SnpClaims } from './claims.js'
export type { VekKind } from './names.js'
export type { SnpAppraisal } from './options.js'
export type { Policy, PolicyName, SnpPolicy } from './policy.js'
export {
  type AttestationResult,
  type Check,
  type Finding,
  SNP_CHECKS,
  type Verdict,
} from './result.js'
export { appraiseSnp } from './snp.js'

// SPDX-License-Identifier: Apache-2.0
// The public names of `assay/verify`.

export { appraise, verify } from './appraise.js'
export { appraiseGpus, type GpuAppraisal, type GpuAttestationResult } from './appraise-gpus.js'
export {
  appraiseTokens,
  type TokenAppraisal,
  type TokenAttestationResult,
} from './appraise-tokens.js'
export { BINDING_CHECKS } from './binding.js'
export type { BindingClaims } from './binding-claims.js'
export type { Anchor } from './chain.js'
export type { CrlClaims, EndorsementKeyClaims, RootClaims, SnpClaims } from './claims.js'
export { type EarClaims, earClaims, encodeEar } from './ear.js'
export { EAR_PROFILES, type EarOptions, type EarProfile } from './ear-options.js'
export { policyId } from './ear-policy-id.js'
export { type EarAlgorithm, type EarKey, type EarSigner, earSigner, signEar } from './ear-sign.js'
export { endorsementsFor } from './endorsements-for.js'
export type { Chip, SnpEndorser } from './endorser.js'
export { withExpectations } from './expectations-policy.js'
export type { Progress } from './fetcher.js'
export { GPU_CHECKS } from './gpu-checks.js'
export type { GpuClaims } from './gpu-claims.js'
export { type GpuEndorsements, gpuEndorsementsFor } from './gpu-endorsements-for.js'
export type { GpuMaterial } from './gpu-options.js'
export { GPU_POLICY_CHECKS } from './gpu-policy-names.js'
export { appraiseIta } from './ita.js'
export type { JwkSet } from './jwk-set.js'
export { type AmdKdsOptions, amdKds } from './kds.js'
export type { VekKind } from './names.js'
export { appraiseNras } from './nras.js'
export { nvidiaOcsp, type OcspClient, type OcspOptions } from './ocsp-client.js'
export type { Appraisal, Challenge } from './options.js'
export {
  authenticity,
  type BindingPolicy,
  type FirmwareFloor,
  type GpuPolicy,
  type Policy,
  type PolicyName,
  parsePolicy,
  type SnpPolicy,
  type TcbFloor,
  type VbiosFloor,
} from './policy.js'
export { type Explanation, explain, explainPolicy } from './policy-explain.js'
export { initPolicy, type PolicySeed } from './policy-init.js'
export type { GpuSeed } from './policy-init-gpus.js'
export {
  AppraisalError,
  type AttestationResult,
  type Check,
  type Finding,
  SNP_CHECKS,
  type Verdict,
} from './result.js'
export { createRimClient, type RimClientOptions } from './rim-client.js'
export { type RimLibraryOptions, type RimSource, rimLibrary } from './rim-source.js'
export {
  cacheStorageStore,
  type EndorsementStore,
  memoryStore,
  type StoredEntry,
} from './store.js'
export {
  type ItaClient,
  itaClient,
  itaGpuNonce,
  type NrasClient,
  nrasClient,
} from './vouch-client.js'
export type { ItaClientOptions, NrasOptions } from './vouch-options.js'
export {
  type ItaNonce,
  type ItaOptions,
  itaRequest,
  type NrasArchitecture,
  type NrasRequest,
  nrasRequest,
} from './vouch-request.js'
export type { SentDevice, VouchedClaim, VouchedContext, VouchedGpus } from './vouched.js'
export type { Voucher } from './vouchers.js'

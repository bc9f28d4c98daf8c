// SPDX-License-Identifier: Apache-2.0
// What a failed check means to each claim of a trustworthiness vector, in the values of AR4SI
// (draft-ietf-rats-ar4si-10, section 2.3.4).

import { GPU_WEIGHTS } from './ear-weights-gpu.js'
import type { Check } from './result.js'

/** The eight claims (draft-ietf-rats-ar4si-10, section 2.3.4). */
export const VECTOR_CLAIMS = [
  'instance-identity',
  'configuration',
  'executables',
  'file-system',
  'hardware',
  'runtime-opaque',
  'storage-opaque',
  'sourced-data',
] as const

export type VectorClaim = (typeof VECTOR_CLAIMS)[number]

/** The claims that a failed check speaks against, each with its value. */
type Weights = Readonly<Partial<Record<VectorClaim, number>>>

/** Cryptographic validation of the evidence has failed: nothing that it says can be believed. */
const FORGED: Weights = {
  'instance-identity': 99,
  configuration: 99,
  executables: 99,
  hardware: 99,
  'runtime-opaque': 99,
}
/** Not recognized, but should be. */
const UNRECOGNIZED_HARDWARE: Weights = { hardware: 97 }
/** Recognized, but its trustworthiness is contraindicated. */
const CONTRAINDICATED_HARDWARE: Weights = { hardware: 96 }
/** Genuine, with known vulnerabilities: below what the policy demands of firmware. */
const UNSAFE_HARDWARE: Weights = { hardware: 32 }
/** Not the instance that the verifier expects to recognize. */
const UNRECOGNIZED_INSTANCE: Weights = { 'instance-identity': 97 }
/** Executables that are not recognized. */
const UNRECOGNIZED_EXECUTABLES: Weights = { executables: 33 }
/** Recognized executables with known vulnerabilities. */
const UNSAFE_EXECUTABLES: Weights = { executables: 32 }
/** Exposes what the policy calls unacceptable. */
const UNSUPPORTABLE: Weights = { configuration: 96 }
/** The same, and somebody outside of the guest gets to its memory. */
const VISIBLE: Weights = { configuration: 96, 'runtime-opaque': 96 }

/** How the guest and the machine are set up, as far as AMD's tables say what is better. */
const CONFIGURATION = {
  'snp.debug': VISIBLE,
  'snp.guest-policy.minimum-abi': UNSUPPORTABLE,
  'snp.guest-policy.smt': UNSUPPORTABLE,
  'snp.guest-policy.migrate-ma': VISIBLE,
  'snp.guest-policy.cxl-allow': UNSUPPORTABLE,
  'snp.guest-policy.single-socket': UNSUPPORTABLE,
  'snp.guest-policy.mem-aes256-xts': UNSUPPORTABLE,
  'snp.guest-policy.rapl-dis': UNSUPPORTABLE,
  'snp.guest-policy.ciphertext-hiding-dram': UNSUPPORTABLE,
  'snp.guest-policy.page-swap-disable': UNSUPPORTABLE,
  'snp.platform-info.smt-en': UNSUPPORTABLE,
  'snp.platform-info.tio-en': UNSUPPORTABLE,
  'snp.platform-info.ecc-en': UNSUPPORTABLE,
  'snp.platform-info.rapl-dis': UNSUPPORTABLE,
  'snp.platform-info.ciphertext-hiding-dram-en': UNSUPPORTABLE,
  'snp.platform-info.alias-check-complete': UNSUPPORTABLE,
} as const

/** A configuration is approved when each of these was asked for and passed. */
export const CONFIGURATION_CHECKS = Object.keys(CONFIGURATION) as (keyof typeof CONFIGURATION)[]

/** Where the report comes from. */
const ORIGIN = {
  'snp.report': UNRECOGNIZED_HARDWARE,
  'snp.endorsements': CONTRAINDICATED_HARDWARE,
  'snp.chain': FORGED,
  'snp.root': UNRECOGNIZED_HARDWARE,
  'snp.validity': CONTRAINDICATED_HARDWARE,
  'snp.revocation': CONTRAINDICATED_HARDWARE,
  'snp.vek': UNRECOGNIZED_HARDWARE,
  'snp.product': UNRECOGNIZED_HARDWARE,
  'snp.tcb': UNRECOGNIZED_HARDWARE,
  'snp.tcb-order': UNRECOGNIZED_HARDWARE,
  'snp.chip': UNRECOGNIZED_HARDWARE,
  'snp.csp': UNRECOGNIZED_HARDWARE,
  'snp.signature': FORGED,
} as const

/** What a policy asks beyond the configuration. */
const POLICY = {
  snp: CONTRAINDICATED_HARDWARE,
  'snp.products': CONTRAINDICATED_HARDWARE,
  'snp.endorsement-key': CONTRAINDICATED_HARDWARE,
  'snp.csp-id': CONTRAINDICATED_HARDWARE,
  'snp.chip-id': UNRECOGNIZED_INSTANCE,
  'snp.measurement': UNRECOGNIZED_EXECUTABLES,
  'snp.host-data': UNRECOGNIZED_EXECUTABLES,
  'snp.family-id': UNRECOGNIZED_EXECUTABLES,
  'snp.image-id': UNRECOGNIZED_EXECUTABLES,
  'snp.id-key-digest': UNRECOGNIZED_EXECUTABLES,
  'snp.author-key-digest': UNRECOGNIZED_EXECUTABLES,
  'snp.minimum-guest-svn': UNSAFE_EXECUTABLES,
  'snp.report-id': UNRECOGNIZED_INSTANCE,
  'snp.report-id-ma': UNSUPPORTABLE,
  'snp.report-data': UNRECOGNIZED_INSTANCE,
  'snp.vmpl': UNRECOGNIZED_INSTANCE,
  'snp.platform-info.tsme-en': UNSUPPORTABLE,
  'snp.platform-info.iommu-write-safe': UNSUPPORTABLE,
  'snp.mitigations.launch': UNSAFE_HARDWARE,
  'snp.mitigations.current': UNSAFE_HARDWARE,
  'snp.minimum-tcb.reported': UNSAFE_HARDWARE,
  'snp.minimum-tcb.committed': UNSAFE_HARDWARE,
  'snp.minimum-tcb.launch': UNSAFE_HARDWARE,
  'snp.minimum-tcb.current': UNSAFE_HARDWARE,
  'snp.minimum-firmware.current': UNSAFE_HARDWARE,
  'snp.minimum-firmware.committed': UNSAFE_HARDWARE,
  'snp.provisional-firmware': UNSAFE_HARDWARE,
} as const

/** What REPORT_DATA ties the evidence to. */
const BINDING = {
  'binding.modes': UNRECOGNIZED_INSTANCE,
  'binding.nonce': UNRECOGNIZED_INSTANCE,
  'binding.oracle': UNRECOGNIZED_INSTANCE,
  'binding.tls-key': UNRECOGNIZED_INSTANCE,
  'binding.hpke-key': UNRECOGNIZED_INSTANCE,
  'binding.user-data': UNRECOGNIZED_INSTANCE,
} as const

/** Evidence that is not appraised. */
const UNSUPPORTED = {
  'tdx.quote': UNRECOGNIZED_HARDWARE,
  'gpu.evidence': UNRECOGNIZED_HARDWARE,
} as const

const EVERY_WEIGHT = {
  ...ORIGIN,
  ...POLICY,
  ...CONFIGURATION,
  ...BINDING,
  ...GPU_WEIGHTS,
  ...UNSUPPORTED,
}

/** Names of the checks in the table: every check that there is. */
export type WeightedCheck = keyof typeof EVERY_WEIGHT

export const WEIGHTS: Readonly<Record<Check | WeightedCheck, Weights>> = EVERY_WEIGHT

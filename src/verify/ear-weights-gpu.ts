// SPDX-License-Identifier: Apache-2.0
// What a failed check of a GPU means to the claims of a trustworthiness vector (draft-ietf-rats-ar4si-10,
// section 2.3.4). A GPU is hardware of the platform; what runs in the guest is not its to say.

import type { GpuCheck } from './gpu-checks.js'
import type { GpuPolicyCheck } from './gpu-policy-names.js'

export interface GpuWeights {
  readonly hardware: number
}

/** Cryptographic validation of the evidence has failed. */
const FORGED: GpuWeights = { hardware: 99 }
/** Not recognized, but should be. */
const UNRECOGNIZED: GpuWeights = { hardware: 97 }
/** Genuine, with known vulnerabilities: below what the policy demands of firmware. */
const UNSAFE: GpuWeights = { hardware: 32 }
/** Recognized, but its trustworthiness is contraindicated. */
const CONTRAINDICATED: GpuWeights = { hardware: 96 }

export const GPU_WEIGHTS = {
  'gpu.report': UNRECOGNIZED,
  'gpu.chain': FORGED,
  'gpu.root': UNRECOGNIZED,
  'gpu.validity': CONTRAINDICATED,
  'gpu.revocation': CONTRAINDICATED,
  'gpu.identity': UNRECOGNIZED,
  'gpu.signature': FORGED,
  'gpu.fwid': UNRECOGNIZED,
  'gpu.nonce': UNRECOGNIZED,
  'gpu.rim.driver': CONTRAINDICATED,
  'gpu.rim.vbios': CONTRAINDICATED,
  'gpu.measurements': CONTRAINDICATED,
  'gpu.vouched': CONTRAINDICATED,
  'gpus.count': CONTRAINDICATED,
  'gpus.minimum-count': CONTRAINDICATED,
  'gpus.nv-switches': CONTRAINDICATED,
  'gpus.unique': UNRECOGNIZED,
  'gpus.serials': UNRECOGNIZED,
  'gpus.architectures': CONTRAINDICATED,
  'gpus.drivers': UNSAFE,
  'gpus.minimum-driver': UNSAFE,
  'gpus.vbios': UNSAFE,
  'gpus.minimum-vbios': UNSAFE,
  'gpus.protected-pcie': CONTRAINDICATED,
  'gpus.secure-boot': CONTRAINDICATED,
  'gpus.debug': CONTRAINDICATED,
  'gpus.binding': UNRECOGNIZED,
} as const satisfies Record<GpuCheck | GpuPolicyCheck, GpuWeights>

// SPDX-License-Identifier: Apache-2.0
// What a failed check of a GPU means to the claims of a trustworthiness vector (draft-ietf-rats-ar4si-10,
// section 2.3.4). A GPU is hardware of the platform; what runs in the guest is not its to say.

import type { GpuCheck } from './gpu-checks.js'

export interface GpuWeights {
  readonly hardware: number
}

/** Cryptographic validation of the evidence has failed. */
const FORGED: GpuWeights = { hardware: 99 }
/** Not recognized, but should be. */
const UNRECOGNIZED: GpuWeights = { hardware: 97 }
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
} as const satisfies Record<GpuCheck, GpuWeights>

// SPDX-License-Identifier: Apache-2.0
// The names of the checks that a policy asks for of GPUs: each is the path of its field, in kebab-case.

/** In the order of the findings. The fields `rim`, `revocation` and `nonce` have checks of their own. */
export const GPU_POLICY_CHECKS = [
  'gpus.count',
  'gpus.minimum-count',
  'gpus.nv-switches',
  'gpus.unique',
  'gpus.serials',
  'gpus.architectures',
  'gpus.drivers',
  'gpus.minimum-driver',
  'gpus.vbios',
  'gpus.minimum-vbios',
  'gpus.protected-pcie',
  'gpus.secure-boot',
  'gpus.debug',
  'gpus.binding',
] as const

export type GpuPolicyCheck = (typeof GPU_POLICY_CHECKS)[number]

// SPDX-License-Identifier: Apache-2.0
// The names of the checks on evidence of GPUs.

/** Checks of the evidence of one device; which of them are made depends on the policy. */
export const GPU_CHECKS = [
  'gpu.report',
  'gpu.chain',
  'gpu.root',
  'gpu.validity',
  'gpu.revocation',
  'gpu.identity',
  'gpu.signature',
  'gpu.fwid',
  'gpu.nonce',
  'gpu.rim.driver',
  'gpu.rim.vbios',
  'gpu.measurements',
  'gpu.vouched',
] as const

export type GpuCheck = (typeof GPU_CHECKS)[number]

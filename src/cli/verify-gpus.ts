// SPDX-License-Identifier: Apache-2.0
// `assay verify --gpu`: GPUs by themselves, which nothing ties to a machine.

import { appraiseGpus, type GpuAppraisal, type GpuAttestationResult } from '../verify/index.js'
import { refuseFlags } from './arguments.js'
import { type GpuFlags, readGpus } from './gpu-flags.js'
import type { Io } from './io.js'
import { readNonce } from './live-flags.js'
import type { SubjectFlags } from './subject.js'

interface Flags extends GpuFlags, SubjectFlags {
  readonly reportData?: string
  readonly endorsement?: readonly string[]
  readonly ear?: string
}

/** Of no use without evidence of a CPU, or an endpoint that gives some. */
export const CPU_ONLY = [
  'tlsKey',
  'userData',
  'reportData',
  'endorsement',
  'ear',
  'bind',
  'batch',
  'aep83',
  'header',
] as const satisfies readonly (keyof Flags)[]

/** Whether evidence of GPUs is all that there is. */
export const isAlone = (target: string | undefined, { snp, gpu }: Flags): boolean =>
  target === undefined && snp === undefined && gpu !== undefined

/** @throws {AttestationError} `ERR_USAGE` for a flag that nothing would read */
export const refuseCpuFlags = (flags: Flags): void =>
  refuseFlags(flags, CPU_ONLY, 'is for evidence of a CPU; --gpu alone has none')

/** @throws {AttestationError} `ERR_USAGE`, and what reading a file throws */
export async function judgeGpus(
  flags: Flags,
  given: Omit<GpuAppraisal, 'gpus' | 'nonce'>,
  io: Io,
): Promise<GpuAttestationResult> {
  const nonce = readNonce(flags.nonce)
  return appraiseGpus({ ...given, gpus: await readGpus(flags, io), nonce })
}

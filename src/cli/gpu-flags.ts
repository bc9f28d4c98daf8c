// SPDX-License-Identifier: Apache-2.0
// The flags of `assay verify` that name evidence of GPUs, and what to judge it by.

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { splitAep83GpuEvidence } from '../core/nvidia.js'
import type { GpuEvidence } from '../evidence.js'
import type { GpuMaterial } from '../verify/index.js'
import { collect, usage } from './arguments.js'
import { readInput, readInputs } from './files.js'
import type { Io } from './io.js'

export interface GpuFlags {
  readonly gpu?: readonly string[]
  readonly certChain?: readonly string[]
  readonly rim?: readonly string[]
  readonly ocsp?: readonly string[]
}

/** Many times the RIMs of one machine, and few enough to read. */
const MAX_FOLDER_FILES = 256

export function gpuOptions(command: Command): Command {
  command
    .option(
      '--gpu <file>',
      'the attestation report of a GPU or NVSwitch (repeatable); alone, or beside --snp',
      collect,
    )
    .option(
      '--cert-chain <file>',
      'PEM, the certificate chain of each --gpu, in their order, unless it follows the report',
      collect,
    )
  return gpuMaterialOptions(command)
}

/** The flags that name what vouches for GPUs. */
export function gpuMaterialOptions(command: Command): Command {
  return command
    .option('--rim <file|dir>', 'RIMs of NVIDIA’s, or folders of them (repeatable)', collect)
    .option('--ocsp <file>', 'OCSP responses about certificates of GPUs, DER (repeatable)', collect)
}

/**
 * The evidence that `--gpu` names, in its order.
 *
 * @throws {AttestationError} `ERR_USAGE`, and what reading a file throws
 */
export async function readGpus({ gpu = [], certChain }: GpuFlags, io: Io): Promise<GpuEvidence[]> {
  if (certChain && certChain.length !== gpu.length) {
    throw usage(`as many --cert-chain as --gpu expected, got ${certChain.length} for ${gpu.length}`)
  }
  const [reports, chains] = await Promise.all([readInputs(gpu, io), readInputs(certChain, io)])
  return reports.map((bytes, index) => {
    const chain = chains[index]
    if (!chain) return joined(bytes, index)
    return { index, evidence: new Uint8Array(bytes), certChain: new Uint8Array(chain) }
  })
}

/** In AEP-83's form the chain follows the report. What cannot be taken apart is for the appraisal. */
function joined(bytes: Uint8Array, index: number): GpuEvidence {
  try {
    const { report, certChain } = splitAep83GpuEvidence(bytes)
    return { index, evidence: report, certChain: certChain ?? new Uint8Array() }
  } catch {
    return { index, evidence: new Uint8Array(bytes), certChain: new Uint8Array() }
  }
}

/** @throws {AttestationError} what reading a file throws */
export async function readGpuMaterial(
  { rim = [], ocsp }: GpuFlags,
  io: Io,
): Promise<Required<Pick<GpuMaterial, 'rims' | 'ocspResponses'>>> {
  const rims: Uint8Array[] = []
  for (const name of rim) {
    for (const file of await filesOf(name)) rims.push(await readInput(file, io))
  }
  return { rims, ocspResponses: await readInputs(ocsp, io) }
}

/** The files of a folder, in the order of their names; what is no folder stands for itself. */
async function filesOf(name: string): Promise<string[]> {
  try {
    const entries = await readdir(name, { withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
    if (files.length <= MAX_FOLDER_FILES) return files.sort().map((file) => path.join(name, file))
  } catch {
    // No folder, or none that may be read: reading it as a file says which.
    return [name]
  }
  throw usage(`--rim: a folder of at most ${MAX_FOLDER_FILES} files expected: ${name}`)
}

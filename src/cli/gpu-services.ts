// SPDX-License-Identifier: Apache-2.0
// Who is asked for RIMs and for the status of certificates of GPUs.

import type { Command } from 'commander'
import { createRimClient, type GpuMaterial, nvidiaOcsp } from '../verify/index.js'
import { once } from './arguments.js'
import { access, type EndorserFlags } from './endorser.js'
import type { Io } from './io.js'

export interface GpuServiceFlags extends EndorserFlags {
  readonly rimUrl?: string
  readonly ocspUrl?: string
}

export function gpuServiceOptions(command: Command): Command {
  return command
    .option('--rim-url <url>', "a mirror of NVIDIA's RIM service", once('--rim-url'))
    .option('--ocsp-url <url>', "a mirror of NVIDIA's OCSP responder", once('--ocsp-url'))
}

/** NVIDIA's services, or their mirrors; offline only what was fetched before. */
export function openGpuServices(
  { rimUrl, ocspUrl, ...flags }: GpuServiceFlags,
  roots: readonly Uint8Array[],
  io: Io,
): Required<Pick<GpuMaterial, 'rimSource' | 'ocspClient'>> {
  const common = access(flags, io)
  const { random } = io
  return {
    rimSource: createRimClient({
      ...{ ...common, roots },
      ...(rimUrl !== undefined && { baseUrl: rimUrl }),
    }),
    ocspClient: nvidiaOcsp({
      ...{ ...common, random },
      // A mirror that caches cannot repeat a nonce; the dates of its answers are judged all the same.
      ...(ocspUrl !== undefined && { baseUrl: ocspUrl, nonce: 'any' }),
    }),
  }
}

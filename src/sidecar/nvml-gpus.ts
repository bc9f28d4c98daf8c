// SPDX-License-Identifier: Apache-2.0
// NVIDIA's GPUs behind NVML: those that were there at the start, all of them, each time.

import { REQUEST_NONCE_LEN } from '../../assembly/nvidia/layout.js'
import { AttestationError } from '../errors.js'
import { ARCHITECTURES, architectureOf } from './gpu-architectures.js'
import { unwrap } from './gpu-error.js'
import { checkMode, type GpuMode } from './gpu-mode.js'
import type { Nvml } from './nvml.js'
import { readChain, readReport } from './nvml-evidence.js'
import type { GpuReport, GpuSurface } from './surface.js'

/** A GPU as it was found at the start, by its place among the others. */
type Known = Pick<GpuReport, 'architecture' | 'uuid'>

/** `GPU-` and what RFC 9562 calls a UUID. */
const UUID = /^GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * Takes the library over, and lets go of it when it refuses.
 *
 * @param atLeast how many GPUs the guest has, as far as is known without the driver
 * @throws {AttestationError} `ERR_GPU_*`
 */
export async function openNvmlGpus(nvml: Nvml, atLeast: number): Promise<NvmlGpus> {
  try {
    const count = unwrap(await nvml.deviceCount())
    if (count === 0 || count < atLeast) {
      throw new AttestationError(
        'ERR_GPU_DRIVER',
        `the driver gives access to ${count} of ${Math.max(1, atLeast)} GPUs`,
      )
    }
    const known: Known[] = []
    for (let index = 0; index < count; index++) known.push(await identify(nvml, index))
    if (new Set(known.map(({ uuid }) => uuid)).size < count) {
      throw new AttestationError('ERR_GPU_DRIVER', 'two GPUs have the same UUID')
    }
    const mode = await checkMode(nvml)
    const { value: driver } = await nvml.driverVersion()
    return new NvmlGpus(nvml, known, mode, driver)
  } catch (error) {
    await nvml.close()
    throw error
  }
}

export class NvmlGpus implements GpuSurface {
  readonly name = 'nvml'

  constructor(
    private readonly nvml: Nvml,
    readonly known: readonly Known[],
    /** At the start. */
    readonly mode: GpuMode,
    /** Null where the library does not say. */
    readonly driver: string | null,
  ) {}

  /**
   * One GPU after another: the driver holds one lock for all of them, and would answer no sooner.
   *
   * @throws {AttestationError} `ERR_GPU_*`
   */
  async collect(nonce: Uint8Array): Promise<readonly GpuReport[]> {
    if (nonce.length !== REQUEST_NONCE_LEN) {
      throw new AttestationError(
        'ERR_INTERNAL',
        `a nonce of ${REQUEST_NONCE_LEN} bytes expected, got ${nonce.length}`,
      )
    }
    await checkMode(this.nvml)
    const count = unwrap(await this.nvml.deviceCount())
    if (count !== this.known.length) {
      throw new AttestationError(
        'ERR_GPU_LOST',
        `the guest had ${this.known.length} GPUs, and the driver has ${count} now`,
      )
    }
    const reports: GpuReport[] = []
    for (const [index, known] of this.known.entries()) {
      reports.push(await this.#ask(index, known, nonce))
    }
    return reports
  }

  async close(): Promise<void> {
    await this.nvml.close()
  }

  async #ask(index: number, known: Known, nonce: Uint8Array): Promise<GpuReport> {
    const device = unwrap(await this.nvml.device(index), index)
    if (unwrap(await this.nvml.uuid(device), index) !== known.uuid) {
      throw new AttestationError('ERR_GPU_LOST', `GPU ${index} is another one than at the start`)
    }
    const { report, cec } = unwrap(await readReport(this.nvml, device, nonce), index)
    const certChain = unwrap(await readChain(this.nvml, device), index)
    return { index, report, cec, certChain, ...known }
  }
}

async function identify(nvml: Nvml, index: number): Promise<Known> {
  const device = unwrap(await nvml.device(index), index)
  const uuid = unwrap(await nvml.uuid(device), index)
  if (!UUID.test(uuid)) {
    throw new AttestationError('ERR_GPU_DRIVER', `GPU ${index} has no UUID of the form GPU-…`)
  }
  const architecture = architectureOf(unwrap(await nvml.architecture(device), index))
  if (ARCHITECTURES.has(architecture)) {
    return { architecture: architecture as Known['architecture'], uuid }
  }
  throw new AttestationError(
    'ERR_GPU_UNSUPPORTED',
    `GPU ${index} expected ${[...ARCHITECTURES].join(' or ')}, got ${architecture}`,
  )
}

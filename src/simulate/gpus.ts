// SPDX-License-Identifier: Apache-2.0
// The GPUs of a simulated machine, as NVML shows them.

import { REQUEST_NONCE_LEN } from '../../assembly/nvidia/layout.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import type { GpuReport, GpuSurface } from '../sidecar/surface.js'
import { Device } from './device.js'
import type { Faults } from './faults.js'
import { gpuReportTemplate, signGpuReport } from './gpu-report.js'
import { type Architecture, GPU_MODELS } from './nvidia-models.js'

/** A GPU that is there, with its key. */
export interface SimulatedGpu {
  readonly architecture: Architecture
  readonly uuid: string
  /** PEM, leaf first. */
  readonly certChain: Bytes
  /** P-384, for signing. */
  readonly key: CryptoKey
}

export class SimulatedGpus implements GpuSurface {
  readonly name = 'simulated'
  readonly #gpus: readonly SimulatedGpu[]
  readonly #templates: readonly Bytes[]
  readonly #faults: Faults
  readonly #device: Device
  #closed = false

  /** @param latencyMs of a request, which all GPUs answer at the same time */
  constructor(gpus: readonly SimulatedGpu[], clock: Clock, latencyMs: number, faults: Faults) {
    this.#gpus = gpus
    this.#templates = gpus.map(({ architecture }) => gpuReportTemplate(GPU_MODELS[architecture]))
    this.#faults = faults
    this.#device = new Device(clock, latencyMs)
  }

  /** @throws {AttestationError} `ERR_GPU_EVIDENCE`; `ERR_INTERNAL` while another call runs */
  collect(nonce: Uint8Array): Promise<readonly GpuReport[]> {
    const asked = nonce.slice()
    return this.#device.run(async () => {
      if (this.#closed) throw new AttestationError('ERR_GPU_EVIDENCE', 'the GPUs are closed')
      if (asked.length !== REQUEST_NONCE_LEN) {
        throw new AttestationError(
          'ERR_GPU_EVIDENCE',
          `a nonce of ${REQUEST_NONCE_LEN} bytes expected, got ${asked.length}`,
        )
      }
      if (this.#faults.takeGpu()) {
        throw new AttestationError('ERR_GPU_EVIDENCE', 'a GPU has fallen off the bus')
      }
      return Promise.all(this.#gpus.map((gpu, index) => this.#ask(gpu, index, asked)))
    })
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async #ask(gpu: SimulatedGpu, index: number, nonce: Uint8Array): Promise<GpuReport> {
    const { architecture, uuid, certChain, key } = gpu
    const report = await signGpuReport(this.#templates[index] as Bytes, nonce, key)
    return { index, report, cec: null, certChain: certChain.slice(), architecture, uuid }
  }
}

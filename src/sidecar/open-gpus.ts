// SPDX-License-Identifier: Apache-2.0
// The GPUs of this guest: all of them attested, or a reason why there is no platform. A guest that
// has GPUs never passes for one that has none.

import type { GuestRootOptions } from './guest-root.js'
import { hasNvidia, nvidiaGpus } from './machine.js'
import type { Nvml, NvmlAnswer } from './nvml.js'
import type { LibraryOptions } from './nvml-library.js'
import type { Gpus } from './settings.js'
import type { GpuSurface } from './surface.js'

/** What is done to the machine, for tests to replace. */
export interface GpuWays {
  findNvml(options: LibraryOptions): Promise<NvmlAnswer<Nvml>>
  mountGuestRoot(options: GuestRootOptions): Promise<string | null>
}

export interface GpuOpenerOptions {
  readonly root: string
  readonly log: (event: object) => void
  readonly gpus: Gpus
  readonly ways: Partial<GpuWays>
}

// Loaded where there are GPUs: others do not pay for it.
const WAYS: GpuWays = {
  findNvml: async (options) => (await import('./nvml-library.js')).findNvml(options),
  mountGuestRoot: async (options) => (await import('./guest-root.js')).mountGuestRoot(options),
}

export class GpuOpener {
  readonly #ways: GpuWays
  /** Most GPUs that were ever seen on the bus. One that is lost leaves it. */
  #most = 0
  #seen = false

  constructor(private readonly options: GpuOpenerOptions) {
    this.#ways = { ...WAYS, ...options.ways }
  }

  /** Takes notice of what there is. It is never forgotten, so that it cannot go away unnoticed. */
  async look(): Promise<void> {
    const { root } = this.options
    this.#most = Math.max(this.#most, (await nvidiaGpus(root)).length)
    this.#seen ||= await hasNvidia(root)
  }

  /**
   * Null for a guest that was never seen with a GPU, and where they are to be ignored.
   *
   * @throws {AttestationError} `ERR_GPU_*`
   */
  async open(): Promise<GpuSurface | null> {
    const { root, log, gpus } = this.options
    if (!this.#seen) return null
    if (gpus === 'ignore') {
      log({ msg: 'GPUs are ignored: only the CPU is attested', gpus: this.#most })
      return null
    }
    const answer = await this.#ways.findNvml({
      root,
      guestRoot: () => this.#ways.mountGuestRoot({ root, log }),
    })
    return this.#take(answer)
  }

  async #take({ failure, value: nvml }: NvmlAnswer<Nvml>): Promise<GpuSurface> {
    const { log } = this.options
    if (nvml === null) {
      const { gpuError } = await import('./gpu-error.js')
      const { call, status, reason } = failure
      log({ msg: 'no library gives access to the GPUs', call, status, reason })
      throw gpuError(failure)
    }
    const { openNvmlGpus } = await import('./nvml-gpus.js')
    const surface = await openNvmlGpus(nvml, this.#most)
    const { known, mode, driver, name } = surface
    const architectures = [...new Set(known.map(({ architecture }) => architecture))].join()
    log({ msg: 'GPUs opened', surface: name, gpus: known.length, architectures, mode, driver })
    return surface
  }
}

// SPDX-License-Identifier: Apache-2.0
// What a test or a demonstration lets go wrong on a simulated machine, once each, in the order asked
// for.

/**
 * - `busy`: the host throttles the request.
 * - `io`: firmware or host fails it.
 * - `lost`: the guest's key to the firmware (VMPCK) is gone, for this request and all later ones.
 * - `torn`: the report begins as that of another request and goes on as the right one; the seam runs
 *   through REPORT_DATA.
 * - `race`: a genuine report, over what somebody else asked for.
 * - `hang`: no answer until `release`, then the right one.
 * - `gpu`: one of the GPUs gives no evidence.
 */
export type Fault = CpuFault | 'gpu'
export type CpuFault = 'busy' | 'io' | 'lost' | 'torn' | 'race' | 'hang'

export class Faults {
  #cpu: CpuFault[] = []
  #gpu = 0
  #release: () => void = () => undefined

  /** Lines them up: each meets one request, those for GPUs one of a GPU. */
  add(...faults: readonly Fault[]): void {
    for (const fault of faults) {
      if (fault === 'gpu') this.#gpu++
      else this.#cpu.push(fault)
    }
  }

  /** How many have met no request yet. */
  get pending(): number {
    return this.#cpu.length + this.#gpu
  }

  /** Lets the request that hangs come to its end. */
  release(): void {
    this.#release()
  }

  /** The fault of the CPU's next request, if there is one. */
  takeCpu(): CpuFault | undefined {
    return this.#cpu.shift()
  }

  /** Whether the next request to the GPUs fails. */
  takeGpu(): boolean {
    if (this.#gpu === 0) return false
    this.#gpu--
    return true
  }

  /** Settles at the next `release`. */
  released(): Promise<void> {
    return new Promise((resolve) => {
      this.#release = resolve
    })
  }
}

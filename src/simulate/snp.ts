// SPDX-License-Identifier: Apache-2.0
// The security processor of a simulated machine, as a guest sees it.

import * as at from '../../assembly/snp/layout.js'
import type { Bytes } from '../core/private-copy.js'
import { VMPL_MAX } from '../core/snp-bits.js'
import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import type { CpuSurface, PlatformReport } from '../sidecar/surface.js'
import { Device } from './device.js'
import type { CpuFault, Faults } from './faults.js'
import { signWith } from './snp-report.js'

const MS = 1000
/** Where `torn` goes over from one report to the other. */
const SEAM_AT = at.REPORT_DATA_AT + at.REPORT_DATA_LEN / 2

export interface SnpOptions {
  readonly clock: Clock
  /** A report that lacks REPORT_DATA, VMPL and signature. */
  readonly template: Bytes
  readonly auxblob: Bytes
  /** P-384, for signing; null leaves the signature of the template. */
  readonly vek: CryptoKey | null
  readonly floor: number
  readonly latencyMs: number
  /** Requests of a second that the host lets through, evenly; Infinity for all of them. */
  readonly rateLimit: number
  readonly faults: Faults
}

export class SimulatedSnp implements CpuSurface {
  readonly name = 'simulated'
  readonly tee = 'snp'
  readonly floor: number
  readonly #options: SnpOptions
  readonly #device: Device
  #state: 'ready' | 'lost' | 'closed' = 'ready'
  #throttledUntil = Number.NEGATIVE_INFINITY

  constructor(options: SnpOptions) {
    this.#options = options
    this.floor = options.floor
    this.#device = new Device(options.clock, options.latencyMs)
  }

  /** @throws {AttestationError} `ERR_DEVICE_…` as a real one; `ERR_INTERNAL` while another call runs */
  collect(reportData: Uint8Array, vmpl: number): Promise<PlatformReport> {
    const asked = new Uint8Array(reportData)
    return this.#device.run(async () => {
      this.#check(asked, vmpl)
      const fault = this.#options.faults.takeCpu()
      await this.#suffer(fault)
      return {
        report: await this.#answer(asked, vmpl, fault),
        auxblob: this.#options.auxblob.slice(),
      }
    })
  }

  async close(): Promise<void> {
    this.#state = 'closed'
  }

  /** What kernel, host and firmware look at before there is a report, in their order. */
  #check(reportData: Bytes, vmpl: number): void {
    if (this.#state === 'closed') throw new AttestationError('ERR_DEVICE_ABSENT', 'it is closed')
    if (this.#state === 'lost') throw lost()
    const { clock, rateLimit } = this.#options
    const now = clock.monotonic()
    if (now < this.#throttledUntil) throw busy()
    this.#throttledUntil = now + MS / rateLimit
    if (reportData.length !== at.REPORT_DATA_LEN || !(vmpl >= this.floor && vmpl <= VMPL_MAX)) {
      throw new AttestationError(
        'ERR_DEVICE_IO',
        `the firmware refuses the request: ${reportData.length} bytes at VMPL ${vmpl}`,
      )
    }
  }

  async #suffer(fault: CpuFault | undefined): Promise<void> {
    if (fault === 'hang') await this.#options.faults.released()
    if (fault === 'busy') throw busy()
    if (fault === 'io') throw new AttestationError('ERR_DEVICE_IO', 'the host failed the request')
    if (fault === 'lost') {
      this.#state = 'lost'
      throw lost()
    }
  }

  async #answer(reportData: Bytes, vmpl: number, fault: CpuFault | undefined): Promise<Bytes> {
    if (fault !== 'race' && fault !== 'torn') return this.#report(reportData, vmpl)
    const other = await this.#report(crypto.getRandomValues(new Uint8Array(reportData)), vmpl)
    if (fault === 'race') return other
    const torn = await this.#report(reportData, vmpl)
    torn.set(other.subarray(0, SEAM_AT))
    return torn
  }

  async #report(reportData: Bytes, vmpl: number): Promise<Bytes> {
    const { template, vek } = this.#options
    const report = template.slice()
    report.set(reportData, at.REPORT_DATA_AT)
    new DataView(report.buffer).setUint32(at.VMPL_AT, vmpl, true)
    return vek === null ? report : signWith(vek, report)
  }
}

const busy = () => new AttestationError('ERR_DEVICE_BUSY', 'the host throttles requests')
const lost = () =>
  new AttestationError('ERR_DEVICE_LOST', 'the guest has lost its key to the firmware')

// SPDX-License-Identifier: Apache-2.0
// Reports through configfs-tsm, the kernel's common interface for SNP and TDX (Linux 6.7 and later,
// Documentation/ABI/testing/configfs-tsm-report).

import { AttestationError } from '../errors.js'
import type { Tee } from '../protocol.js'
import type { Clock } from '../service/clock.js'
import { checkLevel, checkReportDataLength } from './asked.js'
import type { CpuSurface, PlatformReport } from './surface.js'
import { inOwnDirectory, removeLeftovers, type TsmDirectory } from './tsm-directory.js'
import { nodeIo, type TsmIo } from './tsm-io.js'
import { identify, type Provider, request } from './tsm-report.js'
import { persist } from './tsm-retry.js'

export interface ConfigfsTsmOptions {
  /** `/sys/kernel/config/tsm/report`, or where it is mounted. */
  readonly dir: string
  readonly clock: Clock
  readonly io?: TsmIo
}

/**
 * Removes what an earlier process of ours left, which would keep a provider from registering, and
 * finds out who answers.
 *
 * @throws {AttestationError} `ERR_DEVICE_ABSENT` without configfs or provider, `ERR_DEVICE_PROVIDER`
 * for one that we do not know, `ERR_DEVICE_PERMISSION` where we may not ask, and other `ERR_DEVICE_*`
 */
export async function openConfigfsTsm(options: ConfigfsTsmOptions): Promise<CpuSurface> {
  const { dir, clock, io = nodeIo } = options
  await removeLeftovers(io, dir)
  const provider = await persist(clock, () => inOwnDirectory(io, dir, identify))
  return new ConfigfsTsm(io, dir, clock, provider)
}

class ConfigfsTsm implements CpuSurface {
  readonly name = 'configfs-tsm'
  readonly tee: Tee
  #floor: number
  /** Whether the provider may have changed since it was identified. */
  #gone = false
  #lost: AttestationError | null = null
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly io: TsmIo,
    private readonly dir: string,
    private readonly clock: Clock,
    provider: Provider,
  ) {
    this.tee = provider.tee
    this.#floor = provider.floor
  }

  get floor(): number {
    return this.#floor
  }

  async collect(reportData: Uint8Array, vmpl: number): Promise<PlatformReport> {
    checkReportDataLength(reportData)
    const copy = reportData.slice()
    const turn = this.#last.then(() => this.#collect(copy, vmpl))
    this.#last = turn.catch(() => {})
    return turn
  }

  async close(): Promise<void> {
    await this.#last
  }

  async #collect(reportData: Uint8Array, vmpl: number): Promise<PlatformReport> {
    if (this.#lost) throw this.#lost
    try {
      return await persist(this.clock, () =>
        inOwnDirectory(this.io, this.dir, async (directory) => {
          if (this.#gone) await this.#identifyAgain(directory)
          if (this.tee === 'snp') checkLevel(vmpl, this.#floor)
          return await request(directory, this.tee, { reportData, vmpl })
        }),
      )
    } catch (error) {
      if (error instanceof AttestationError) this.#remember(error)
      throw error
    }
  }

  #remember(error: AttestationError): void {
    if (error.code === 'ERR_DEVICE_LOST') this.#lost = error
    if (error.code === 'ERR_DEVICE_ABSENT') this.#gone = true
  }

  async #identifyAgain(directory: TsmDirectory): Promise<void> {
    const { tee, floor } = await identify(directory)
    if (tee !== this.tee) {
      throw new AttestationError(
        'ERR_DEVICE_PROVIDER',
        `expected a ${this.tee} provider, got ${tee}`,
      )
    }
    this.#floor = floor
    this.#gone = false
  }
}

// SPDX-License-Identifier: Apache-2.0
// Surfaces of the test world: they answer when a test says so, and remember what they were asked.

import type { Bytes } from '../../src/core/private-copy.js'
import { AttestationError } from '../../src/errors.js'
import type { CpuSurface, GpuReport, GpuSurface, Platform } from '../../src/sidecar/surface.js'
import { type Guest, mintGuest } from './guest.js'

export interface Asked {
  readonly reportData: Uint8Array
  readonly vmpl: number
}

export interface FakePlatform extends Platform {
  readonly cpu: CpuSurface
  readonly guest: Guest
  /** What the CPU was asked, in order. */
  readonly asked: Asked[]
  /** Nonces that the GPUs were asked. */
  readonly gpuNonces: Uint8Array[]
  /** Most requests that were under way at once; one device takes one. */
  overlap: number
  closed: boolean
}

export interface FakePlatformOptions {
  readonly gpus?: number
  /** In place of GPUs that answer everything. */
  readonly surface?: GpuSurface
  readonly floor?: number
  /** Runs before each report; what it throws, the device throws. */
  readonly before?: () => Promise<void> | void
  /** Runs before each round of GPU evidence. */
  readonly beforeGpus?: () => Promise<void> | void
  /** Changes a report before it is handed over. */
  readonly mangle?: (report: Bytes) => Bytes
}

export async function fakePlatform(options: FakePlatformOptions = {}): Promise<FakePlatform> {
  const { gpus = 0, floor = 0, before, mangle = (report) => report } = options
  const guest = await mintGuest(gpus)
  let running = 0
  const cpu: CpuSurface = {
    name: 'fake',
    tee: 'snp',
    floor,
    collect: async (reportData, vmpl) => {
      if (platform.closed) throw new AttestationError('ERR_DEVICE_ABSENT', 'it is closed')
      running += 1
      platform.overlap = Math.max(platform.overlap, running)
      platform.asked.push({ reportData: Uint8Array.from(reportData), vmpl })
      try {
        await before?.()
        return { report: mangle(await guest.attest(reportData, vmpl)), auxblob: guest.auxblob }
      } finally {
        running -= 1
      }
    },
    close: async () => {
      platform.closed = true
    },
  }
  const platform: FakePlatform = {
    cpu,
    gpus: options.surface ?? (gpus > 0 ? gpuSurface(guest, options, () => platform) : null),
    guest,
    asked: [],
    gpuNonces: [],
    overlap: 0,
    closed: false,
  }
  return platform
}

const gpuSurface = (
  guest: Guest,
  { beforeGpus }: FakePlatformOptions,
  platform: () => FakePlatform,
): GpuSurface => ({
  name: 'fake',
  collect: async (nonce) => {
    platform().gpuNonces.push(Uint8Array.from(nonce))
    await beforeGpus?.()
    return guest.askGpus(nonce).map(
      ({ index, report, certChain }): GpuReport => ({
        index,
        report,
        cec: null,
        certChain,
        architecture: 'HOPPER',
        uuid: `GPU-00000000-0000-0000-0000-${String(index).padStart(12, '0')}`,
      }),
    )
  },
  close: async () => {},
})

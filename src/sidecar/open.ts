// SPDX-License-Identifier: Apache-2.0
// The platform of this machine: the best surface of the CPU that answers and every GPU, or plainly why
// there is none.

import path from 'node:path'
import { AttestationError } from '../errors.js'
import type { Clock } from '../service/clock.js'
import { openConfigfsTsm } from './configfs-tsm.js'
import { DEVICES, devicePath, exists, TSM_REPORT } from './machine.js'
import { GpuOpener, type GpuWays } from './open-gpus.js'
import { prepare } from './prepare.js'
import type { Gpus } from './settings.js'
import type { CpuSurface, Platform } from './surface.js'

export interface OpenOptions {
  readonly clock: Clock
  /** Takes objects as pino does: `msg` is the message. */
  readonly log: (event: object) => void
  /** Where the machine's files begin; `/` by default. */
  readonly root?: string
  /** Whether GPUs of the guest are attested, as they are by default, or known not to be. */
  readonly gpus?: Gpus
  readonly ways?: Partial<CpuWays & GpuWays>
}

/** What is done to the machine, for tests to replace. */
export interface CpuWays {
  readonly prepare: typeof prepare
  readonly openConfigfsTsm: typeof openConfigfsTsm
  openSevGuest(options: { readonly path: string; readonly clock: Clock }): Promise<CpuSurface>
}

const WAYS: CpuWays = {
  prepare,
  openConfigfsTsm,
  openSevGuest: async (options) => {
    // It takes koffi, which costs more at start than all the rest of a surface.
    const { openSevGuest } = await import('./sev-guest.js')
    return openSevGuest(options)
  },
}

/**
 * Opens the platform, as often as that is tried: each time it prepares what a bare container lacks,
 * and opens configfs-tsm, or else /dev/sev-guest, and the GPUs.
 *
 * A guest that has GPUs, or had some when it was tried before, has a platform with all of them or
 * none at all. What it logged once it does not log again.
 *
 * The platform's refusals are AttestationErrors: `ERR_DEVICE_ABSENT`; `ERR_DEVICE_PROVIDER` for a
 * provider that we do not know, or a TDX device alone; `ERR_DEVICE_PERMISSION`; other `ERR_DEVICE_*` of
 * the surface; `ERR_GPU_*`.
 */
export function platformOpener(options: OpenOptions): () => Promise<Platform> {
  const { clock, root = '/' } = options
  const ways = { ...WAYS, ...options.ways }
  const log = once(options.log)
  const gpuOpener = new GpuOpener({
    root,
    log,
    gpus: options.gpus ?? 'attest',
    ways: options.ways ?? {},
  })
  return async () => {
    await gpuOpener.look()
    await ways.prepare({ root, log })
    const cpu = await openCpu(ways, root, clock)
    log({ msg: 'attestation surface opened', surface: cpu.name, tee: cpu.tee, floor: cpu.floor })
    try {
      return { cpu, gpus: await gpuOpener.open() }
    } catch (error) {
      await cpu.close()
      throw error
    }
  }
}

/** The same again is no news. */
function once(log: OpenOptions['log']): OpenOptions['log'] {
  const told = new Set<string>()
  return (event) => {
    const text = JSON.stringify(event)
    if (told.has(text)) return
    told.add(text)
    log(event)
  }
}

async function openCpu(ways: CpuWays, root: string, clock: Clock): Promise<CpuSurface> {
  try {
    return await ways.openConfigfsTsm({ dir: path.join(root, TSM_REPORT), clock })
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error
    const mayBeElsewhere =
      error.code === 'ERR_DEVICE_ABSENT' || error.code === 'ERR_DEVICE_PERMISSION'
    if (!mayBeElsewhere) throw error
    return openDevice(ways, root, clock, error)
  }
}

async function openDevice(
  ways: CpuWays,
  root: string,
  clock: Clock,
  refusal: AttestationError,
): Promise<CpuSurface> {
  const sevGuest = devicePath(root, DEVICES.snp)
  if (await exists(sevGuest)) return ways.openSevGuest({ path: sevGuest, clock })
  if (refusal.code === 'ERR_DEVICE_PERMISSION') throw refusal
  if (await exists(devicePath(root, DEVICES.tdx))) {
    throw new AttestationError(
      'ERR_DEVICE_PROVIDER',
      `/dev/${DEVICES.tdx} gives a TDREPORT, which is not a quote, and configfs-tsm gives none: ${refusal.message}`,
      { cause: refusal },
    )
  }
  throw new AttestationError(
    'ERR_DEVICE_ABSENT',
    `no configfs-tsm with a provider and no /dev/${DEVICES.snp}: ${refusal.message}`,
    { cause: refusal },
  )
}

// SPDX-License-Identifier: Apache-2.0
// The platform of this machine: the best surface that answers, or plainly why there is none.

import path from 'node:path'
import { AttestationError } from '../errors.js'
import type { Clock } from './clock.js'
import { openConfigfsTsm } from './configfs-tsm.js'
import { DEVICES, devicePath, exists, nvidiaGpus, TSM_REPORT } from './machine.js'
import { prepare } from './prepare.js'
import type { CpuSurface, Platform } from './surface.js'

export interface OpenOptions {
  readonly clock: Clock
  /** Takes objects as pino does: `msg` is the message. */
  readonly log: (event: object) => void
  /** Where the machine's files begin; `/` by default. */
  readonly root?: string
  readonly ways?: Partial<Ways>
}

/** What is done to the machine, for tests to replace. */
export interface Ways {
  readonly prepare: typeof prepare
  readonly openConfigfsTsm: typeof openConfigfsTsm
  openSevGuest(options: { readonly path: string; readonly clock: Clock }): Promise<CpuSurface>
}

const WAYS: Ways = {
  prepare,
  openConfigfsTsm,
  openSevGuest: async (options) => {
    // It takes koffi, which costs more at start than all the rest of a surface.
    const { openSevGuest } = await import('./sev-guest.js')
    return openSevGuest(options)
  },
}

/**
 * Prepares what a bare container lacks and opens configfs-tsm, or else /dev/sev-guest.
 *
 * `gpus` is null: evidence of GPUs is not collected yet. A guest that has NVIDIA GPUs therefore
 * attests like one that has none, which is true of the CPU and says nothing of the GPUs; the log
 * warns of it at each start, and `assay detect` shows them. A tenant who needs them attested demands
 * a `-gpu` platform, which this sidecar then never claims to be.
 *
 * @throws {AttestationError} `ERR_DEVICE_ABSENT`; `ERR_DEVICE_PROVIDER` for a provider that we do
 * not know, or a TDX device alone; `ERR_DEVICE_PERMISSION`; other `ERR_DEVICE_*` of the surface
 */
export async function openPlatform(options: OpenOptions): Promise<Platform> {
  const { clock, log, root = '/' } = options
  const ways = { ...WAYS, ...options.ways }
  await ways.prepare({ root, log })
  const cpu = await openCpu(ways, root, clock)
  log({ msg: 'attestation surface opened', surface: cpu.name, tee: cpu.tee, floor: cpu.floor })
  const gpus = await nvidiaGpus(root)
  if (gpus.length > 0) log({ msg: 'GPUs are present and will not be attested', gpus: gpus.length })
  return { cpu, gpus: null }
}

async function openCpu(ways: Ways, root: string, clock: Clock): Promise<CpuSurface> {
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
  ways: Ways,
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

// SPDX-License-Identifier: Apache-2.0
// A sidecar on a simulated platform, from its start until the process is told to end.

import path from 'node:path'
import type { Product } from '../core/snp.js'
import { toPem } from '../pem.js'
import { stopped } from '../service/lifetime.js'
import { parseListenAddress } from '../service/listen-address.js'
import { createLog } from '../service/log.js'
import { systemClock } from '../service/system-clock.js'
import { startSidecar } from '../sidecar/sidecar.js'
import { type Simulator, simulatePlatform } from '../simulate/platform.js'
import type { Io } from './io.js'
import { checkCreatable, createFile, createFolder } from './output.js'

export interface SimulatorSettings {
  readonly listen: string
  readonly product: Product
  readonly gpus: number
  readonly reportLatencyMs: number
  readonly gpuLatencyMs: number
  /** Where the roots are written, if they are. */
  readonly rootsOut: string | null
  readonly rawQuotes: 'allow' | 'deny'
}

const WARNING = `assay: SIMULATED: no hardware is behind this, and what it serves proves nothing
assay: SIMULATED: only --roots makes a verifier trust its roots, which were made just now, for this run
`

/**
 * Serves until `io.stop()` is aborted. Standard output gets one line, the URL, once requests are
 * answered and the roots are written.
 *
 * @throws {AttestationError} `ERR_FILE` for roots that cannot be written, and as `startSidecar`
 */
export async function runSimulator(settings: SimulatorSettings, io: Io): Promise<void> {
  const { rootsOut, rawQuotes, product, gpus, reportLatencyMs, gpuLatencyMs } = settings
  const listen = parseListenAddress(settings.listen, '--listen')
  const clock = systemClock
  const stop = io.stop()
  if (rootsOut !== null) await prepareFolder(rootsOut, gpus > 0)
  const platform = await simulatePlatform({ clock, product, gpus, reportLatencyMs, gpuLatencyMs })
  const log = createLog('warn', { write: io.err })
  const sidecar = await startSidecar({ platform, clock, log, listen, rawQuotes, plainHttp: false })
  try {
    if (rootsOut !== null) await writeRoots(rootsOut, platform)
    io.err(WARNING)
    io.out(`${sidecar.url}\n`)
    await stopped(stop)
  } finally {
    await sidecar.close()
  }
}

const ARK = 'ark.pem'
const CRL = 'crl.der'
const NVIDIA = 'nvidia-root.pem'

async function prepareFolder(dir: string, gpus: boolean): Promise<void> {
  await createFolder(dir)
  for (const name of gpus ? [ARK, CRL, NVIDIA] : [ARK, CRL])
    await checkCreatable(path.join(dir, name))
}

async function writeRoots(dir: string, { roots, crl }: Simulator): Promise<void> {
  await createFile(path.join(dir, ARK), toPem(roots.snp))
  await createFile(path.join(dir, CRL), crl)
  if (roots.nvidia !== null) await createFile(path.join(dir, NVIDIA), toPem(roots.nvidia))
}

// SPDX-License-Identifier: Apache-2.0
// Which source it is to be.

import { randomInt } from 'node:crypto'
import type { Logger } from 'pino'
import type { Clock } from '../service/clock.js'
import type { Environment } from '../service/flags.js'
import { exampleSource } from './example.js'
import { FileSource } from './file-source.js'
import type { KubeFlags, SourceSettings } from './settings.js'
import type { Source } from './source.js'

export interface SourceWorld {
  readonly clock: Clock
  readonly log: Logger
  /** Where a Pod is told of its API server. */
  readonly env: Environment
}

const RANDOM = 0x100000000

/** From 0 up to 1. */
export const random = (): number => randomInt(RANDOM) / RANDOM

/**
 * Nothing is read before it is started.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export async function openSource(settings: SourceSettings, world: SourceWorld): Promise<Source> {
  if (settings.kind === 'kube') return kubeSource(settings, world)
  return settings.kind === 'file'
    ? new FileSource({ file: settings.file, ...world })
    : exampleSource()
}

async function kubeSource(flags: KubeFlags, { clock, log, env }: SourceWorld): Promise<Source> {
  // Only here: the other sources do without.
  const [{ insideCluster, withKubeconfig }, { kubeSettings }, { KubeSource }] = await Promise.all([
    import('./kube-access.js'),
    import('./kube-settings.js'),
    import('./kube-source.js'),
  ])
  const settings = kubeSettings(flags)
  const access =
    flags.kubeconfig === null ? insideCluster(env) : await withKubeconfig(flags.kubeconfig)
  return new KubeSource({ access, settings, clock, log, random })
}

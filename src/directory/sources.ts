// SPDX-License-Identifier: Apache-2.0
// Which source it is to be.

import type { Logger } from 'pino'
import type { Clock } from '../service/clock.js'
import { exampleSource } from './example.js'
import { FileSource } from './file-source.js'
import type { SourceSettings } from './settings.js'
import type { Source } from './source.js'

export interface SourceWorld {
  readonly clock: Clock
  readonly log: Logger
}

/** Nothing is read before it is started. */
export async function openSource(settings: SourceSettings, world: SourceWorld): Promise<Source> {
  return settings.kind === 'file'
    ? new FileSource({ file: settings.file, ...world })
    : exampleSource()
}

// SPDX-License-Identifier: Apache-2.0
// Who is asked for certificates and CRLs that did not come with the evidence.

import type { Command } from 'commander'
import { diskStore } from '../disk-store/index.js'
import { amdKds, type Progress, type SnpEndorser } from '../verify/index.js'
import { once } from './arguments.js'
import type { Io } from './io.js'

export interface EndorserFlags {
  readonly offline?: boolean
  readonly cache?: string
  readonly kds?: string
}

/** The flags that say where endorsements come from. */
export function endorserOptions(command: Command): Command {
  return command
    .option('--offline', 'never touch the network: files and the cache only')
    .option('--cache <dir>', 'where fetched certificates and CRLs are kept', once('--cache'))
    .option('--kds <url>', "a mirror of AMD's Key Distribution Service", once('--kds'))
}

/** AMD's service, or its mirror; offline only what was fetched before. */
export function openEndorser(
  { kds, ...flags }: EndorserFlags,
  roots: readonly Uint8Array[],
  io: Io,
): SnpEndorser {
  return amdKds({ ...access(flags, io), roots, ...(kds !== undefined && { baseUrl: kds }) })
}

/** What every service is reached with: the network unless offline, the cache, and a place to say so. */
export function access({ offline, cache }: Omit<EndorserFlags, 'kds'>, io: Io) {
  const said = new Set<string>()
  const err = (line: string) => {
    // A chain is asked for twice where its root is not one of AMD.
    if (!said.has(line)) io.err(line)
    said.add(line)
  }
  return {
    fetch: offline ? null : io.fetch,
    store: diskStore(cache ?? io.cacheDir),
    now: () => io.now().getTime(),
    sleep: io.sleep,
    onProgress: (progress: Progress) => show(progress, { status: io.status, err }),
  }
}

/** A status that goes away, and a line that stays for what the reader should know afterwards. */
function show(progress: Progress, io: Pick<Io, 'status' | 'err'>): void {
  const { what } = progress
  switch (progress.state) {
    case 'fetching':
      io.status(`fetching ${what}${progress.attempt > 1 ? `, request ${progress.attempt}` : ''}`)
      break
    case 'waiting':
      io.status(`waiting for the service: ${what} again at ${time(progress.until)}`)
      break
    case 'stale':
      io.err(
        `assay: ${what} could not be fetched anew; using the one of ${time(progress.fetchedAt)}\n`,
      )
      break
    case 'not-stored':
      io.err(`assay: ${what} could not be kept in the cache, and will be fetched again\n`)
  }
}

const time = (at: number): string => new Date(at).toISOString()

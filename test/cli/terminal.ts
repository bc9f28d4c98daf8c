// SPDX-License-Identifier: Apache-2.0
// A command line in this process: what was written where, and the exit code.

import { Readable } from 'node:stream'
import type { Io } from '../../src/cli/io.js'
import { run } from '../../src/cli/run.js'

/** No folder can be made there: nothing is kept, and that is no failure. */
const NOWHERE = '/dev/null/cache'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface World {
  readonly stdin?: Iterable<Uint8Array>
  readonly isTTY?: boolean
  readonly color?: boolean
  readonly now?: () => Date
  readonly random?: (length: number) => Uint8Array
  /** The network; without one every request fails. */
  readonly fetch?: typeof fetch
  readonly cacheDir?: string
  /** Ends at once unless told. */
  readonly sleep?: Io['sleep']
  readonly status?: Io['status']
  readonly env?: Io['env']
  /** Told to end from the beginning on, unless given. */
  readonly stop?: AbortSignal
  /** Sees standard output as it is written. */
  readonly onOut?: (text: string) => void
  /** Sees standard error as it is written. */
  readonly onErr?: (text: string) => void
}

/** Runs `assay` with these arguments. */
export async function assay(argv: readonly string[], world: World = {}): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await run(argv, '0.0.0-test', {
    out: (text) => {
      out += text
      world.onOut?.(text)
    },
    err: (text) => {
      err += text
      world.onErr?.(text)
    },
    color: world.color ?? false,
    stdin: Object.assign(Readable.from(world.stdin ?? []), { isTTY: world.isTTY ?? false }),
    now: world.now ?? (() => new Date('2026-01-02T03:04:05Z')),
    random: world.random ?? ((length) => new Uint8Array(length).fill(0x5a)),
    fetch: world.fetch ?? (() => Promise.reject(new TypeError('no network in this test'))),
    sleep: world.sleep ?? (async () => {}),
    cacheDir: world.cacheDir ?? NOWHERE,
    env: world.env ?? {},
    status: world.status ?? (() => {}),
    stop: () => world.stop ?? AbortSignal.abort(),
  })
  return { code, out, err }
}

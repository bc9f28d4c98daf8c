// SPDX-License-Identifier: Apache-2.0
// What a command may touch of the world: the two output streams, files, the clock.

import type { Readable } from 'node:stream'
import type { Status } from './status.js'

export interface Io {
  /** Writes to standard output: the answer, and nothing else. */
  out(text: string): void
  /** Writes to standard error: one line per failure, and progress. */
  err(text: string): void
  /** Whether the answer may carry colour: a terminal, and no NO_COLOR. */
  readonly color: boolean
  readonly stdin: Readable & { readonly isTTY?: boolean }
  now(): Date
  /** As many bytes that nobody can guess. */
  random(length: number): Uint8Array
  /** The network. Not touched when `--offline` is given. */
  readonly fetch: typeof fetch
  /** Resolves after that many milliseconds, or settles when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<unknown>
  /** Where fetched endorsements are kept, unless told otherwise. */
  readonly cacheDir: string
  readonly status: Status
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted when the process is told to end. Until somebody asks for it, it ends at once. */
  stop(): AbortSignal
}

/** Whether to colour: only on a terminal, and not where NO_COLOR is set to anything. */
export const wantsColor = (stream: { isTTY?: boolean }, env: { NO_COLOR?: string }): boolean =>
  stream.isTTY === true && !env.NO_COLOR

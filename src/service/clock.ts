// SPDX-License-Identifier: Apache-2.0
// Time, from outside: a test owns it, and `main.ts` hands in the real one.

export interface Clock {
  /** Wall-clock time, for certificates. */
  now(): Date
  /** Milliseconds that only go forward, for deadlines and latencies. */
  monotonic(): number
  /** Calls back after `ms` milliseconds, unless the function that is returned is called before. */
  after(ms: number, run: () => void): () => void
}

// SPDX-License-Identifier: Apache-2.0
// What every service is reached with: its options, checked whole before any work, and what keeps its
// answers.

import { wrong } from './arguments.js'
import { DEADLINE_MS, Fetcher, type FetcherOptions, REQUEST_MS } from './fetcher.js'
import { Keeper } from './keeper.js'
import type { EndorsementStore } from './store.js'

/** Where a service's client keeps, and for how long it tries. */
export interface ServiceOptions extends Omit<FetcherOptions, 'fetch'> {
  /** Null: offline. Nothing but the store is asked then. */
  readonly fetch: typeof fetch | null
  readonly store: EndorsementStore
}

/** The same without gaps, but for what may stay away. */
export type Checked<Options extends ServiceOptions> = Required<
  Omit<Options, 'roots' | 'onProgress' | 'signal'>
> &
  Pick<Options, 'onProgress' | 'signal'>

const COMMON: readonly string[] = [
  'fetch',
  'now',
  'sleep',
  'requestMs',
  'deadlineMs',
  'onProgress',
  'signal',
] satisfies (keyof FetcherOptions)[]

/**
 * Options with their durations.
 *
 * @param own names of options that not every service has
 * @param durations of the service's own, in milliseconds, as they are unless told
 * @throws {AttestationError} `ERR_ARGUMENT` for an option that nobody reads, or no duration
 */
export function checkService<
  Options extends Pick<FetcherOptions, 'requestMs' | 'deadlineMs'>,
  Durations extends Readonly<Record<string, number>>,
>(options: Options, own: readonly (keyof Options)[], durations: Durations) {
  const waits = { requestMs: REQUEST_MS, deadlineMs: DEADLINE_MS, ...durations }
  const read: readonly PropertyKey[] = [...COMMON, ...own, ...Object.keys(durations)]
  for (const name of Object.keys(options)) {
    if (!read.includes(name)) throw wrong(`unknown option ${JSON.stringify(name)}`)
  }
  const checked = { ...waits, ...options }
  for (const name of Object.keys(waits) as (keyof typeof waits)[]) {
    if (!(checked[name] >= 0)) throw wrong(`${String(name)} is not a number of milliseconds`)
  }
  return checked
}

/** Between the store and the network. */
export function openKeeper(options: ServiceOptions): Keeper {
  const { fetch, store, now, onProgress = () => undefined } = options
  const fetcher = fetch && new Fetcher({ ...options, fetch })
  return new Keeper({ store, fetcher, now, onProgress })
}

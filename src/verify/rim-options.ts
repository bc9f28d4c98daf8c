// SPDX-License-Identifier: Apache-2.0
// How NVIDIA's RIM service is asked: the options, checked whole before any work.

import { AttestationError } from '../errors.js'
import { readBaseUrl } from './base-url.js'
import { readRoots } from './caller-roots.js'
import { DEADLINE_MS, type FetcherOptions, REQUEST_MS } from './fetcher.js'
import type { EndorsementStore } from './store.js'
import type { Certificate } from './x509.js'

/** Where `createRimClient` asks and keeps, and for how long it tries. */
export interface RimClientOptions extends Omit<FetcherOptions, 'fetch'> {
  /** Null: offline. Nothing but the store is asked then. */
  readonly fetch: typeof fetch | null
  readonly store: EndorsementStore
  /** NVIDIA's own service, or a mirror of it; a path is kept, and `http:` is taken at its word. */
  readonly baseUrl?: string
  /** Roots to accept besides NVIDIA's, DER or PEM: those of simulated platforms. */
  readonly roots?: readonly Uint8Array[]
  /** For how long a RIM is used again without asking; 24 hours unless told, 0 for never. */
  readonly reuseMs?: number
}

/** The same without gaps. */
export interface CheckedRimClientOptions
  extends Required<Omit<RimClientOptions, 'roots' | 'onProgress' | 'signal'>>,
    Pick<RimClientOptions, 'onProgress' | 'signal'> {
  readonly roots: readonly Certificate[]
}

const NVIDIA_BASE_URL = 'https://rim.attestation.nvidia.com'
/** RIMs are re-issued under the same id, with other dates and sometimes with other values. */
const REUSE_MS = 24 * 3_600_000
const NAMES: ReadonlySet<string> = new Set<keyof RimClientOptions>([
  'fetch',
  'store',
  'now',
  'sleep',
  'baseUrl',
  'roots',
  'requestMs',
  'deadlineMs',
  'reuseMs',
  'onProgress',
  'signal',
])
const DURATIONS = ['requestMs', 'deadlineMs', 'reuseMs'] as const

/** @throws {AttestationError} `ERR_ARGUMENT` */
export function checkRimClientOptions(options: RimClientOptions): CheckedRimClientOptions {
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) throw wrong(`unknown option ${JSON.stringify(name)}`)
  }
  const checked = {
    requestMs: REQUEST_MS,
    deadlineMs: DEADLINE_MS,
    reuseMs: REUSE_MS,
    ...options,
    baseUrl: readBaseUrl(options.baseUrl ?? NVIDIA_BASE_URL),
    roots: readRoots((options.roots ?? []).map((root) => new Uint8Array(root))),
  }
  for (const name of DURATIONS) {
    if (!(checked[name] >= 0)) throw wrong(`${name} is not a number of milliseconds`)
  }
  return checked
}

const wrong = (message: string): AttestationError => new AttestationError('ERR_ARGUMENT', message)

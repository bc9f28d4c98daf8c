// SPDX-License-Identifier: Apache-2.0
// How an OCSP responder is asked: the options, checked whole before any work.

import { AttestationError } from '../errors.js'
import { readBaseUrl } from './base-url.js'
import { DEADLINE_MS, type FetcherOptions, REQUEST_MS } from './fetcher.js'
import type { EndorsementStore } from './store.js'

/** Where `nvidiaOcsp` asks and keeps, and for how long it tries. */
export interface OcspOptions extends Omit<FetcherOptions, 'fetch'> {
  /** Null: offline. Nothing but the store is asked then. */
  readonly fetch: typeof fetch | null
  readonly store: EndorsementStore
  /** That many bytes that nobody can guess: `crypto.getRandomValues` of a new array. */
  readonly random: (length: number) => Uint8Array
  /** NVIDIA's own responder, or a mirror of it; `http:` is taken at its word. */
  readonly baseUrl?: string
  /**
   * Whether an answer has to carry the nonce that was sent, which keeps somebody in between from
   * handing out an older one; required unless told. A mirror that caches cannot: `any` leaves it at
   * the dates.
   */
  readonly nonce?: 'required' | 'any'
  /** For how long a response is used again without asking; 1 hour unless told, 0 for never. */
  readonly reuseMs?: number
}

/** The same without gaps. */
export interface CheckedOcspOptions
  extends Required<Omit<OcspOptions, 'onProgress' | 'signal'>>,
    Pick<OcspOptions, 'onProgress' | 'signal'> {}

const NVIDIA_BASE_URL = 'https://ocsp.ndis.nvidia.com'
/** As NVIDIA's own tools. Responses live for a day. */
const REUSE_MS = 3_600_000
const NAMES: ReadonlySet<string> = new Set<keyof OcspOptions>([
  'fetch',
  'store',
  'now',
  'sleep',
  'random',
  'baseUrl',
  'nonce',
  'requestMs',
  'deadlineMs',
  'reuseMs',
  'onProgress',
  'signal',
])
const DURATIONS = ['requestMs', 'deadlineMs', 'reuseMs'] as const

/** @throws {AttestationError} `ERR_ARGUMENT` */
export function checkOcspOptions(options: OcspOptions): CheckedOcspOptions {
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) throw wrong(`unknown option ${JSON.stringify(name)}`)
  }
  const checked = {
    requestMs: REQUEST_MS,
    deadlineMs: DEADLINE_MS,
    reuseMs: REUSE_MS,
    nonce: 'required' as const,
    ...options,
    baseUrl: readBaseUrl(options.baseUrl ?? NVIDIA_BASE_URL),
  }
  for (const name of DURATIONS) {
    if (!(checked[name] >= 0)) throw wrong(`${name} is not a number of milliseconds`)
  }
  if (!['required', 'any'].includes(checked.nonce)) throw wrong('nonce is neither required nor any')
  return checked
}

const wrong = (message: string): AttestationError => new AttestationError('ERR_ARGUMENT', message)

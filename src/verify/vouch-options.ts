// SPDX-License-Identifier: Apache-2.0
// How attestation services are asked: the options, checked whole before any work.

import { AttestationError } from '../errors.js'
import { readBaseUrl } from './base-url.js'
import { DEADLINE_MS, type FetcherOptions, REQUEST_MS } from './fetcher.js'

/** How to reach an attestation service, and who asks. */
export interface VoucherOptions extends FetcherOptions {
  /**
   * The caller's key at the service. It goes into a header of each request to the service, over
   * https alone, and into nothing else.
   */
  readonly key?: string
}

export interface NrasOptions extends VoucherOptions {
  /** NVIDIA's own service, or a proxy in front of it. */
  readonly baseUrl?: string
}

export interface ItaClientOptions extends VoucherOptions {
  /** Where tokens are made; of the region that the key is for. */
  readonly apiUrl?: string
  /** Where the keys of tokens are. */
  readonly portalUrl?: string
}

const NAMES: readonly string[] = [
  'fetch',
  'now',
  'sleep',
  'requestMs',
  'deadlineMs',
  'onProgress',
  'signal',
  'key',
] satisfies (keyof VoucherOptions)[]
const DURATIONS = ['requestMs', 'deadlineMs'] as const

/**
 * Options with their addresses checked.
 *
 * @param urls the addresses of the service, by the names of their options
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function checkVoucherOptions<Url extends string>(
  options: VoucherOptions,
  urls: Readonly<Record<Url, string>>,
): VoucherOptions & Readonly<Record<Url, string>> {
  for (const name of Object.keys(options)) {
    if (![...NAMES, ...Object.keys(urls)].includes(name)) {
      throw wrong(`unknown option ${JSON.stringify(name)}`)
    }
  }
  const checked = { requestMs: REQUEST_MS, deadlineMs: DEADLINE_MS, ...urls, ...options }
  for (const name of DURATIONS) {
    if (!(checked[name] >= 0)) throw wrong(`${name} is not a number of milliseconds`)
  }
  const read = Object.keys(urls).map((name) => [name, readUrl(checked[name as Url], options.key)])
  return { ...checked, ...Object.fromEntries(read) }
}

function readUrl(text: string, key: string | undefined): string {
  const url = readBaseUrl(text)
  if (key === undefined) return url
  if (!url.startsWith('https:')) throw wrong('a key is sent over https alone')
  // Anything else cannot stand in a header, and the host would name it in its refusal.
  if (!/^[\x21-\x7e]+$/.test(key)) throw wrong('the key is not one line of visible ASCII')
  return url
}

const wrong = (message: string): AttestationError => new AttestationError('ERR_ARGUMENT', message)

// SPDX-License-Identifier: Apache-2.0
// How attestation services are asked: the options, checked whole before any work.

import { wrong } from './arguments.js'
import { readBaseUrl } from './base-url.js'
import type { FetcherOptions } from './fetcher.js'
import { checkService } from './service.js'

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
  // Each service names its addresses after its own parts.
  const own = ['key', ...Object.keys(urls)] as (keyof VoucherOptions)[]
  const checked = { ...urls, ...checkService(options, own, {}) }
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

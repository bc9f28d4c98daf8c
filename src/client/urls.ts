// SPDX-License-Identifier: Apache-2.0
// Where to ask: the base URL of a sidecar, or the full URL of one of its endpoints.

import { AttestationError } from '../errors.js'
import { PATHS } from '../protocol.js'

/** A lease at a provider, and which of its pods (provider gateway, REST). */
export interface Lease {
  /** Of the provider gateway, such as `https://provider.example:8443`. */
  readonly gateway: string
  readonly dseq: string
  readonly gseq: number
  readonly oseq: number
  readonly service?: string
  /** Index of the pod by name; needs `service`. */
  readonly podIndex?: number
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
const DIGITS = /^\d{1,20}$/

/**
 * The URL of an endpoint: `url` itself when its path ends in that of the endpoint, else `url` with
 * that path below it. A provider gateway's `…/attestation/quote` is such a full URL.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` for what is no URL, for anything but HTTPS beyond this
 * machine, and for credentials or a fragment in it
 */
export function endpoint(url: string, path: string): URL {
  const parsed = parseUrl(url)
  const base = parsed.pathname.replace(/\/$/, '')
  parsed.pathname = base.endsWith(path) ? base : `${base}${path}`
  return parsed
}

/** Whether `url` is that of AEP-83's quote endpoint, a sidecar's own or a gateway's. */
export const isQuoteUrl = (url: string): boolean =>
  parseUrl(url).pathname.replace(/\/$/, '').endsWith(PATHS.quote)

/** Of a lease, on a provider's gateway. */
const GATEWAY_QUOTE = `/attestation${PATHS.quote}`

/** Whether `url` is a gateway's, at which TLS ends: no key of the guest is at its other end. */
export const isGatewayUrl = (url: string): boolean =>
  URL.canParse(url) && new URL(url).pathname.replace(/\/$/, '').endsWith(GATEWAY_QUOTE)

/**
 * The quote URL of a lease on its provider's gateway. The gateway forwards AEP-83's messages as
 * they are, wants an `Authorization` header or a client certificate, has no route for `/info`, and
 * ends the TLS connection, so a TLS binding cannot be seen through it.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function gatewayQuoteUrl(lease: Lease): string {
  const { gateway, dseq, gseq, oseq, service, podIndex } = lease
  const numbers = [dseq, `${gseq}`, `${oseq}`]
  if (!numbers.every((text) => DIGITS.test(text))) throw wrong('dseq, gseq and oseq are integers')
  const url = endpoint(gateway, `/lease/${numbers.join('/')}${GATEWAY_QUOTE}`)
  if (service !== undefined) url.searchParams.set('service', service)
  if (podIndex === undefined) return url.href
  if (service === undefined) throw wrong('podIndex needs a service')
  if (!DIGITS.test(`${podIndex}`)) throw wrong('podIndex is not an index')
  url.searchParams.set('podIndex', `${podIndex}`)
  return url.href
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null) throw wrong('not a URL, such as https://provider.example:8790')
  const loopback = url.protocol === 'http:' && LOOPBACK.test(url.hostname)
  if (url.protocol !== 'https:' && !loopback) {
    throw wrong('https is expected, or http to this machine')
  }
  if (url.username || url.password || url.hash) {
    throw wrong('a URL without credentials and fragment is expected')
  }
  return url
}

const wrong = (message: string): AttestationError => new AttestationError('ERR_ARGUMENT', message)

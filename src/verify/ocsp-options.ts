// SPDX-License-Identifier: Apache-2.0
// How an OCSP responder is asked: the options, checked whole before any work.

import { wrong } from './arguments.js'
import { readBaseUrl } from './base-url.js'
import { type Checked, checkService, type ServiceOptions } from './service.js'

/** Where `nvidiaOcsp` asks and keeps, and for how long it tries. */
export interface OcspOptions extends ServiceOptions {
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
export type CheckedOcspOptions = Checked<OcspOptions>

const NVIDIA_BASE_URL = 'https://ocsp.ndis.nvidia.com'
/** As NVIDIA's own tools. Responses live for a day. */
const REUSE_MS = 3_600_000

/** @throws {AttestationError} `ERR_ARGUMENT` */
export function checkOcspOptions(options: OcspOptions): CheckedOcspOptions {
  const checked = {
    nonce: 'required' as const,
    ...checkService(options, ['store', 'random', 'baseUrl', 'nonce'], { reuseMs: REUSE_MS }),
    baseUrl: readBaseUrl(options.baseUrl ?? NVIDIA_BASE_URL),
  }
  if (!['required', 'any'].includes(checked.nonce)) throw wrong('nonce is neither required nor any')
  return checked
}

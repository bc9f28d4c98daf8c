// SPDX-License-Identifier: Apache-2.0
// How NVIDIA's RIM service is asked: the options, checked whole before any work.

import { readBaseUrl } from './base-url.js'
import { readRoots } from './caller-roots.js'
import { type Checked, checkService, type ServiceOptions } from './service.js'
import type { Certificate } from './x509.js'

/** Where `createRimClient` asks and keeps, and for how long it tries. */
export interface RimClientOptions extends ServiceOptions {
  /** NVIDIA's own service, or a mirror of it; a path is kept, and `http:` is taken at its word. */
  readonly baseUrl?: string
  /** Roots to accept besides NVIDIA's, DER or PEM: those of simulated platforms. */
  readonly roots?: readonly Uint8Array[]
  /** For how long a RIM is used again without asking; 24 hours unless told, 0 for never. */
  readonly reuseMs?: number
}

/** The same without gaps. */
export interface CheckedRimClientOptions extends Checked<RimClientOptions> {
  readonly roots: readonly Certificate[]
}

const NVIDIA_BASE_URL = 'https://rim.attestation.nvidia.com'
/** RIMs are re-issued under the same id, with other dates and sometimes with other values. */
const REUSE_MS = 24 * 3_600_000

/** @throws {AttestationError} `ERR_ARGUMENT` */
export function checkRimClientOptions(options: RimClientOptions): CheckedRimClientOptions {
  return {
    ...checkService(options, ['store', 'baseUrl', 'roots'], { reuseMs: REUSE_MS }),
    baseUrl: readBaseUrl(options.baseUrl ?? NVIDIA_BASE_URL),
    roots: readRoots((options.roots ?? []).map((root) => new Uint8Array(root))),
  }
}

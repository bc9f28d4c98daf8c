// SPDX-License-Identifier: Apache-2.0
// How AMD's Key Distribution Service is asked: the options, checked whole before any work, and the
// addresses of what it has (AMD 57230, 58369).

import { HW_ID_LEN } from '../core/snp.js'
import { toHex } from '../encoding.js'
import { wrong } from './arguments.js'
import { readBaseUrl } from './base-url.js'
import { readRoots } from './caller-roots.js'
import type { Chip } from './endorser.js'
import { type Checked, checkService, type ServiceOptions } from './service.js'
import type { Certificate } from './x509.js'

/** Where `amdKds` asks and keeps, and for how long it tries. */
export interface AmdKdsOptions extends ServiceOptions {
  /** AMD's own service, or a mirror of it; a path is kept, and `http:` is taken at its word. */
  readonly baseUrl?: string
  /** Roots to accept besides AMD's, DER or PEM: those of simulated platforms. */
  readonly roots?: readonly Uint8Array[]
  /** For how long a CRL is used again without asking; 24 hours unless told, 0 for never. */
  readonly crlReuseMs?: number
}

/** The same without gaps. */
export interface CheckedKdsOptions extends Checked<AmdKdsOptions> {
  readonly roots: readonly Certificate[]
}

const AMD_BASE_URL = 'https://kdsintf.amd.com'
const CRL_REUSE_MS = 24 * 3_600_000

/** @throws {AttestationError} `ERR_ARGUMENT` */
export function checkKdsOptions(options: AmdKdsOptions): CheckedKdsOptions {
  return {
    ...checkService(options, ['store', 'baseUrl', 'roots'], { crlReuseMs: CRL_REUSE_MS }),
    baseUrl: readBaseUrl(options.baseUrl ?? AMD_BASE_URL),
    roots: readRoots((options.roots ?? []).map((root) => new Uint8Array(root))),
  }
}

const SPL_MAX = 255

/**
 * Path and query of a VCEK: the id in hex as long as the product has it, SPLs in decimal.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` for a chip that no product has
 */
export function vcekPath({ product, chipId, tcb }: Chip): string {
  const { fmc, bootLoader, tee, snp, microcode } = tcb
  const turin = product === 'Turin'
  const spls = [...(turin ? [fmc] : []), bootLoader, tee, snp, microcode]
  const sound = spls.every(
    (spl) => Number.isInteger(spl) && 0 <= Number(spl) && Number(spl) <= SPL_MAX,
  )
  if (!sound || turin !== (fmc !== null) || chipId.length !== HW_ID_LEN[product]) {
    throw wrong(`the TCB or the length of the id is not that of a ${product} chip`)
  }
  const names = [...(turin ? ['fmcSPL'] : []), 'blSPL', 'teeSPL', 'snpSPL', 'ucodeSPL']
  const query = names.map((name, at) => `${name}=${String(spls[at]).padStart(2, '0')}`)
  return `/vcek/v1/${product}/${toHex(chipId)}?${query.join('&')}`
}

// SPDX-License-Identifier: Apache-2.0
// How AMD's Key Distribution Service is asked: the options, checked whole before any work, and the
// addresses of what it has (AMD 57230, 58369).

import { HW_ID_LEN } from '../core/snp.js'
import { toHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { readBaseUrl } from './base-url.js'
import { readRoots } from './caller-roots.js'
import type { Chip } from './endorser.js'
import { DEADLINE_MS, type FetcherOptions, REQUEST_MS } from './fetcher.js'
import type { EndorsementStore } from './store.js'
import type { Certificate } from './x509.js'

/** Where `amdKds` asks and keeps, and for how long it tries. */
export interface AmdKdsOptions extends Omit<FetcherOptions, 'fetch'> {
  /** Null: offline. Nothing but the store is asked then. */
  readonly fetch: typeof fetch | null
  readonly store: EndorsementStore
  /** AMD's own service, or a mirror of it; a path is kept, and `http:` is taken at its word. */
  readonly baseUrl?: string
  /** Roots to accept besides AMD's, DER or PEM: those of simulated platforms. */
  readonly roots?: readonly Uint8Array[]
  /** For how long a CRL is used again without asking; 24 hours unless told, 0 for never. */
  readonly crlReuseMs?: number
}

/** The same without gaps. */
export interface CheckedKdsOptions
  extends Required<Omit<AmdKdsOptions, 'roots' | 'onProgress' | 'signal'>>,
    Pick<AmdKdsOptions, 'onProgress' | 'signal'> {
  readonly roots: readonly Certificate[]
}

const AMD_BASE_URL = 'https://kdsintf.amd.com'
const CRL_REUSE_MS = 24 * 3_600_000
const NAMES: ReadonlySet<string> = new Set<keyof AmdKdsOptions>([
  'fetch',
  'store',
  'now',
  'sleep',
  'baseUrl',
  'roots',
  'requestMs',
  'deadlineMs',
  'crlReuseMs',
  'onProgress',
  'signal',
])
const DURATIONS = ['requestMs', 'deadlineMs', 'crlReuseMs'] as const

/** @throws {AttestationError} `ERR_ARGUMENT` */
export function checkKdsOptions(options: AmdKdsOptions): CheckedKdsOptions {
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) throw wrong(`unknown option ${JSON.stringify(name)}`)
  }
  const checked = {
    requestMs: REQUEST_MS,
    deadlineMs: DEADLINE_MS,
    crlReuseMs: CRL_REUSE_MS,
    ...options,
    baseUrl: readBaseUrl(options.baseUrl ?? AMD_BASE_URL),
    roots: readRoots((options.roots ?? []).map((root) => new Uint8Array(root))),
  }
  for (const name of DURATIONS) {
    if (!(checked[name] >= 0)) throw wrong(`${name} is not a number of milliseconds`)
  }
  return checked
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

const wrong = (message: string): AttestationError => new AttestationError('ERR_ARGUMENT', message)

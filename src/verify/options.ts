// SPDX-License-Identifier: Apache-2.0
// The call itself, checked whole before any work: kinds, lengths, and no option that nobody reads.

import { AttestationError } from '../errors.js'
import { type Bytes, derObjects } from './pem.js'
import type { PolicyName } from './policy.js'
import { type Certificate, parseCertificate } from './x509.js'

/** One SNP report, and everything to judge it by. */
export interface SnpAppraisal {
  /** The ATTESTATION_REPORT as the firmware gave it. */
  readonly report: Uint8Array
  /**
   * DER or PEM, any order: the VCEK or VLEK certificate, and if at hand the rest of its chain and
   * CRLs, at most 64 in all. AMD's own roots and intermediates need not be among them.
   */
  readonly endorsements: readonly Uint8Array[]
  /** Roots to trust besides AMD's, DER or PEM. The result says when one of them was used. */
  readonly roots?: readonly Uint8Array[]
  /** The time as of which certificates and CRLs are judged. */
  readonly at: Date
  readonly policy: PolicyName
  /** The 64 bytes that REPORT_DATA must be; without them REPORT_DATA is not judged. */
  readonly reportData?: Uint8Array
}

/** The same, checked and copied, so that nothing the caller does later changes it. */
export interface CheckedAppraisal {
  readonly report: Bytes
  readonly endorsements: readonly Bytes[]
  readonly roots: readonly Certificate[]
  readonly at: Date
  readonly reportData: Bytes | null
}

const NAMES: ReadonlySet<string> = new Set<keyof SnpAppraisal>([
  'report',
  'endorsements',
  'roots',
  'at',
  'policy',
  'reportData',
])
const REPORT_DATA_LEN = 64

/** @throws {AttestationError} `ERR_ARGUMENT`, `ERR_REPORT_DATA_LENGTH` */
export function checkAppraisal(options: SnpAppraisal): CheckedAppraisal {
  if (typeof options !== 'object' || options === null) throw wrong('an options object expected')
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) throw wrong(`unknown option ${JSON.stringify(name)}`)
  }
  const { at, policy, reportData } = options
  if (policy !== 'authenticity') throw wrong('policy "authenticity" expected')
  if (!(at instanceof Date) || Number.isNaN(at.getTime())) throw wrong('at is not a valid Date')
  const report = copy(options.report, 'report')
  const expected = reportData === undefined ? null : copy(reportData, 'reportData')
  if (expected && expected.length !== REPORT_DATA_LEN) {
    throw new AttestationError(
      'ERR_REPORT_DATA_LENGTH',
      `reportData expected ${REPORT_DATA_LEN} bytes, got ${expected.length}`,
    )
  }
  return {
    report,
    endorsements: copies(options.endorsements, 'endorsements'),
    roots: copies(options.roots ?? [], 'roots').flatMap(readRoots),
    at: new Date(at),
    reportData: expected,
  }
}

function copies(list: readonly Uint8Array[], name: string): Bytes[] {
  if (!Array.isArray(list)) throw wrong(`${name} is not an array`)
  return Array.from(list, (bytes, at) => copy(bytes, `${name}[${at}]`))
}

function copy(bytes: Uint8Array, name: string): Bytes {
  if (!(bytes instanceof Uint8Array)) throw wrong(`${name} is not a Uint8Array`)
  return new Uint8Array(bytes)
}

function readRoots(root: Bytes, at: number): Certificate[] {
  try {
    return derObjects(root).map(parseCertificate)
  } catch (cause) {
    throw wrong(`roots[${at}] is not a certificate`, { cause })
  }
}

const wrong = (message: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_ARGUMENT', message, options)

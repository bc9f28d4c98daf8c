// SPDX-License-Identifier: Apache-2.0
// What OCSP says about the certificates that a RIM is signed by.

import type { Bytes } from '../core/private-copy.js'
import type { OcspClient } from './ocsp-client.js'
import { checkStatuses } from './ocsp-revocation.js'
import { type Finding, isThere, pass } from './result.js'
import type { Slot } from './rim-findings.js'

/** Whom to ask about the signers of RIMs. */
export interface RimRevocation {
  /** OCSP responses at hand, DER, about whatever certificates. */
  readonly ocsp: readonly Bytes[]
  /** Null: nobody is asked. */
  readonly ocspClient: OcspClient | null
  /** Whether every signer has to be called good; if not, only what speaks against one counts. */
  readonly required: boolean
}

/** The same slot, with what OCSP adds to its finding. One that does not pass is not asked about. */
export async function withStatuses(
  { held, finding }: Slot,
  at: Date,
  { required, ...sources }: RimRevocation,
): Promise<Slot> {
  if (finding.outcome !== 'pass' || !isThere(held)) return { held, finding }
  const { check, detail } = finding
  const { finding: said, asOf } = await checkStatuses(check, held.signers, { at, ...sources })
  if (asOf) {
    return {
      held,
      finding: pass(check, `${detail}; OCSP calls its signers good, as of ${asOf.toISOString()}`),
    }
  }
  const verdict = said as Finding
  return { held, finding: verdict.outcome === 'fail' || required ? verdict : finding }
}

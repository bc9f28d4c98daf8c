// SPDX-License-Identifier: Apache-2.0
// Statuses of certificates that somebody gave who may (RFC 6960), and at which times they hold.

import type { Bytes } from '../core/private-copy.js'
import { parseOcsp } from './ocsp.js'
import { isAbout } from './ocsp-id.js'
import { signerOf } from './ocsp-responder.js'
import type { CertStatus } from './ocsp-single.js'
import type { Certificate } from './x509.js'

/** A status with the certificate of who signed it: somebody who may. */
export interface Genuine extends CertStatus {
  readonly signer: Certificate
}

/** Clocks differ by that much, and a response to a request is newer than the time of the appraisal. */
const CLOCK_SKEW_MS = 300_000

/**
 * What a response says about the certificate, if that is for its signer to say.
 *
 * @throws {AttestationError} `ERR_OCSP`, `ERR_OCSP_REFUSED`
 */
export async function genuineStatuses(
  der: Bytes,
  subject: Certificate,
  issuer: Certificate,
): Promise<Genuine[]> {
  const response = parseOcsp(der)
  const about = await Promise.all(response.statuses.map(({ id }) => isAbout(id, subject, issuer)))
  const own = response.statuses.filter((_, at) => about[at])
  if (own.length === 0) return []
  const signer = await signerOf(response, issuer)
  return own.map((status) => ({ ...status, signer }))
}

/** Without a time of the next update, a status holds for the moment at which it was given. */
export function isCurrent({ thisUpdate, nextUpdate, signer }: Genuine, at: Date): boolean {
  const from = thisUpdate.getTime() - CLOCK_SKEW_MS
  const { notBefore, notAfter } = signer
  return (
    from <= at.getTime() && at <= (nextUpdate ?? thisUpdate) && notBefore <= at && at <= notAfter
  )
}

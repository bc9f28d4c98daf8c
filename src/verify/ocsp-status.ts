// SPDX-License-Identifier: Apache-2.0
// Statuses of certificates that somebody gave who may (RFC 6960), and at which times they hold.

import type { OcspResponse } from './ocsp.js'
import { isOf } from './ocsp-id.js'
import { signerOf } from './ocsp-responder.js'
import type { CertStatus } from './ocsp-single.js'
import type { Certificate } from './x509.js'

/** A status with the certificate of who signed it: somebody who may. */
export interface Genuine extends CertStatus {
  readonly signer: Certificate
}

/** Clocks differ by that much, and a response to a request is newer than the time of the appraisal. */
const CLOCK_SKEW_MS = 300_000

/** Whether a response is about some certificate of that serial. */
export const mentions = ({ statuses }: OcspResponse, { serial }: Certificate): boolean =>
  statuses.some(({ id }) => id.serial === serial)

/**
 * What a response says about the certificate, if that is for its signer to say.
 *
 * @throws {AttestationError} `ERR_OCSP`
 */
export async function genuineStatuses(
  response: OcspResponse,
  subject: Certificate,
  issuer: Certificate,
): Promise<Genuine[]> {
  const named = response.statuses.filter(({ id }) => id.serial === subject.serial)
  const about = await Promise.all(named.map(({ id }) => isOf(id, issuer)))
  const own = named.filter((_, at) => about[at])
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

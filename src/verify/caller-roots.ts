// SPDX-License-Identifier: Apache-2.0
// Roots that a caller chose to trust, in any form → certificates.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { derObjects } from '../pem.js'
import { type Certificate, parseCertificate } from './x509.js'

/** @throws {AttestationError} `ERR_ARGUMENT` for what is neither DER nor PEM of certificates */
export const readRoots = (roots: readonly Bytes[]): Certificate[] => roots.flatMap(readRoot)

function readRoot(root: Bytes, at: number): Certificate[] {
  try {
    return derObjects(root).map(parseCertificate)
  } catch (cause) {
    throw new AttestationError('ERR_ARGUMENT', `roots[${at}] is not a certificate`, { cause })
  }
}

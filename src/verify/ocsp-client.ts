// SPDX-License-Identifier: Apache-2.0
// Whoever is asked for the status of certificates (RFC 6960).

import type { Bytes } from '../core/private-copy.js'
import type { Certificate } from './x509.js'

/** Every refusal is an AttestationError, of the layer `unavailable` or `endorsement`. */
export interface OcspClient {
  /** An OCSPResponse, DER, about this certificate: genuine, and to this very question. */
  status(certificate: Certificate, issuer: Certificate, at: Date): Promise<Bytes>
}

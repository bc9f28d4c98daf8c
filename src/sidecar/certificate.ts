// SPDX-License-Identifier: Apache-2.0
// The self-signed certificate of AEP-83: it carries the key, and says nothing that anybody should
// believe. Whose key it is, the evidence says.

import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { KeyUsageFlags } from '@peculiar/asn1-x509'
import type { Bytes } from '../core/private-copy.js'
import {
  commonName,
  derOf,
  ECDSA_SHA_384,
  keyUsage,
  serialNumber,
  serverAuth,
  signed,
  toBeSigned,
} from '../service/x509-write.js'

/** AEP-83: the name of the container, too. */
const COMMON_NAME = 'akash-attestation-sidecar'

export interface CertificateOptions {
  /** Private key of P-384. */
  readonly key: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
}

/** DER of a certificate of P-384, signed by its own key. */
export function selfSigned({ key, notBefore, notAfter }: CertificateOptions): Bytes {
  const name = commonName(COMMON_NAME)
  const tbs = toBeSigned({
    serial: serialNumber(),
    signature: ECDSA_SHA_384,
    issuer: name,
    subject: name,
    notBefore,
    notAfter,
    spki: createPublicKey(key).export({ type: 'spki', format: 'der' }),
    extensions: [keyUsage(KeyUsageFlags.digitalSignature), serverAuth()],
  })
  return signed(tbs, new Uint8Array(sign('sha384', new Uint8Array(derOf(tbs)), key)).buffer)
}

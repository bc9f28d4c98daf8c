// SPDX-License-Identifier: Apache-2.0
// PEM (RFC 7468): what a caller hands in as one endorsement → the DER objects in it, and back.

import type { Bytes } from './core/private-copy.js'
import { fromBase64, toBase64 } from './encoding.js'
import { AttestationError } from './errors.js'

const SEQUENCE = 0x30
/** A body has no hyphen, so that matching stops at the first one and stays linear. */
const BLOCK = /-----BEGIN (CERTIFICATE|X509 CRL)-----([^-]+)-----END \1-----/g
const ANY_BEGIN = /-----BEGIN/g

/**
 * The DER objects of one endorsement: itself when it is DER, else every block of its PEM text
 * (RFC 7468; text around the blocks is ignored, as that document wants).
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT` when it is neither, or a block is damaged or
 * holds something else than a certificate or a CRL
 */
export function derObjects(endorsement: Bytes): Bytes[] {
  if (endorsement[0] === SEQUENCE) return [endorsement]
  const text = new TextDecoder('latin1').decode(endorsement)
  const blocks = [...text.matchAll(BLOCK)]
  if (blocks.length === 0 || blocks.length !== [...text.matchAll(ANY_BEGIN)].length) {
    throw unreadable('neither DER nor intact PEM of certificates and CRLs')
  }
  return blocks.map(([, , body]) => decode(body as string))
}

/** A certificate as text. */
export function toPem(certificate: Uint8Array): string {
  const lines = toBase64(certificate).replaceAll(/.{1,64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`
}

function decode(body: string): Bytes {
  try {
    return fromBase64(body.replace(/\s/g, ''), 'PEM body')
  } catch (cause) {
    throw unreadable('a PEM block is not base64', { cause })
  }
}

const unreadable = (message: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_CERTIFICATE_FORMAT', message, options)

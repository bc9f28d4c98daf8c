// SPDX-License-Identifier: Apache-2.0
// The certificates of a PCK chain, out of the PEM text of a quote.

import * as at from '../../assembly/tdx/layout.js'
import { fromBase64 } from '../encoding.js'
import { AttestationError } from '../errors.js'

/** RFC 7468, with either line end and lines of any length. */
const PEM = /^-----BEGIN CERTIFICATE-----((?:\r?\n[A-Za-z0-9+/=]+)+)\r?\n-----END CERTIFICATE-----$/

/**
 * DER of each certificate that the core located in `quote`, in their order.
 *
 * @throws {AttestationError} `ERR_TDX_CERTIFICATION_DATA` for anything but canonical base64
 */
export function pckChain(quote: Uint8Array, words: Uint32Array): readonly Uint8Array[] {
  return Array.from({ length: words[at.COUNT_WORD] as number }, (_, index) => {
    const row = at.ROWS_WORD + index * at.ROW_WORDS
    const start = words[row + at.ROW_PEM_AT] as number
    const pem = quote.subarray(start, start + (words[row + at.ROW_PEM_LEN] as number))
    try {
      return der(new TextDecoder('latin1').decode(pem))
    } catch (cause) {
      const place = `certificate ${index + 1} of the PCK chain`
      throw new AttestationError(
        'ERR_TDX_CERTIFICATION_DATA',
        `${place} is not strict PEM (offset 0x${start.toString(16)})`,
        { cause },
      )
    }
  })
}

/** What is not of the form above keeps its dashes, and so is not base64. */
function der(pem: string): Uint8Array {
  return fromBase64(pem.replace(PEM, '$1').replace(/\r?\n/g, ''), 'the certificate')
}

// SPDX-License-Identifier: Apache-2.0
// Where a service is, as a caller says it: the address of the vendor's own, or of a mirror.

import { AttestationError } from '../errors.js'

/**
 * Without a slash at the end: paths bring their own.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function readBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const usable = url && ['https:', 'http:'].includes(url.protocol)
  if (!usable || url.username || url.password || url.search || url.hash) {
    throw new AttestationError(
      'ERR_ARGUMENT',
      'the base URL of the service is no http or https URL, or has credentials, query or fragment',
    )
  }
  return url.href.replace(/\/+$/, '')
}

// SPDX-License-Identifier: Apache-2.0
// Whether a serving certificate has to be replaced, and why.

import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { notAfter, notBefore } from './certs-issue.js'

/**
 * - `absent`: there is none.
 * - `forced`: what is there is not ours.
 * - `lifetime`: a third of its lifetime or less is left.
 * - `not-yet-valid`: whoever made it had a clock that is ahead of this one.
 * - `names`: it lacks a name.
 * - `asked`: nothing but that somebody wants it.
 */
export type Reason = 'absent' | 'forced' | 'lifetime' | 'not-yet-valid' | 'names' | 'asked'

/** Why what was found has to be replaced, null where it may stay. @param asked somebody wants it replaced */
export function dueReason(
  certificate: X509Certificate,
  names: readonly string[],
  now: Date,
  asked: boolean,
): Reason | null {
  if (now >= renewAfter(certificate)) return 'lifetime'
  if (now < notBefore(certificate)) return 'not-yet-valid'
  if (!names.every((name) => isFor(certificate, name))) return 'names'
  return asked ? 'asked' : null
}

/** From when on a certificate is replaced. */
export function renewAfter(certificate: X509Certificate): Date {
  const end = notAfter(certificate).getTime()
  const third = (end - notBefore(certificate).getTime()) / 3
  return new Date(end - third)
}

const isFor = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined

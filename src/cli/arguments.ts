// SPDX-License-Identifier: Apache-2.0
// Flag values → typed values, each refusal naming its flag.

import { AttestationError } from '../errors.js'

const ISO_8601 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

/**
 * A point in time from `--at`: a date, or a date and time with its zone.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function parseTime(text: string): Date {
  const time = new Date(text)
  if (!ISO_8601.test(text) || Number.isNaN(time.getTime())) {
    throw new AttestationError('ERR_ARGUMENT', `--at is not ISO-8601 such as 2026-01-31T12:00:00Z`)
  }
  return time
}

/** Collects a flag that may be given several times. */
export const collect = (value: string, previous: readonly string[]): readonly string[] => [
  ...previous,
  value,
]

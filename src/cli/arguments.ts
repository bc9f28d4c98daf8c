// SPDX-License-Identifier: Apache-2.0
// Flag values → typed values, each refusal naming its flag.

import { AttestationError } from '../errors.js'

const ISO_8601 =
  /^\d{4}-\d{2}-\d{2}(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

/**
 * A point in time from `--at`: a date, or a date and time with its zone.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function parseTime(text: string): Date {
  const time = new Date(text)
  if (!ISO_8601.test(text) || Number.isNaN(time.getTime()) || !isDay(text.slice(0, 10))) {
    throw new AttestationError(
      'ERR_ARGUMENT',
      `--at is not an ISO-8601 date or time with its zone, such as 2026-01-31T12:00:00Z: ${text}`,
    )
  }
  return time
}

/** Whether the calendar has this day: Date makes the 2nd of March of the 30th of February. */
function isDay(day: string): boolean {
  const time = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day)
}

/** Collects a flag that may be given several times. */
export const collect = (value: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  value,
]

/** Refuses a flag that is given twice: one of the two would silently not count. */
export function once(flag: string): (value: string, previous: string | undefined) => string {
  return (value, previous) => {
    if (previous !== undefined) throw usage(`${flag} is given twice`)
    return value
  }
}

/** The refusal of a call whose flags are wrong. */
export const usage = (message: string): AttestationError =>
  new AttestationError('ERR_USAGE', message)

const DIGITS = /^\d{1,9}$/

/**
 * A whole number from 0 to `most`.
 *
 * @throws {AttestationError} `ERR_USAGE`
 */
export function parseCount(flag: string, text: string, most: number): number {
  if (DIGITS.test(text) && Number(text) <= most) return Number(text)
  throw usage(`${flag} takes a number from 0 to ${most}, got ${text}`)
}

/**
 * Refuses flags that nothing would read.
 *
 * @param why what stands after the flag in the refusal
 * @throws {AttestationError} `ERR_USAGE`
 */
export function refuseFlags<Name extends string>(
  flags: { readonly [name in Name]?: unknown },
  names: readonly Name[],
  why: string,
): void {
  const name = names.find((one) => flags[one] !== undefined)
  if (name === undefined) return
  throw usage(`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${why}`)
}

// SPDX-License-Identifier: Apache-2.0
// What is to be said of the RIMs of one device, and of its measurements beside them.

import { CODES } from '../errors.js'
import type { GpuCheck } from './gpu-checks.js'
import { blocked, type Finding, fail, isThere, type Problem, pass, unknown } from './result.js'
import type { Rim } from './rim.js'
import type { Comparison } from './rim-compare.js'
import { isValidAt } from './rim-shelf.js'

/** A RIM of the device, whatever its dates, or why there is none; and what to say about that. */
export interface Slot {
  readonly held: Rim | Problem
  readonly finding: Finding
}

/** What the measurements of a device come to. */
export interface Judged {
  readonly finding: Finding
  readonly measurements: 'match' | 'mismatch' | 'unknown'
}

export const empty = (check: GpuCheck, held: Problem): Slot => ({
  held,
  finding:
    CODES[held.code] === 'unavailable'
      ? unknown(check, held.code, held.detail)
      : fail(check, held.code, held.detail),
})

export function full(check: GpuCheck, held: Rim, at: Date): Slot {
  const from = held.notBefore.toISOString()
  const until = held.notAfter.toISOString()
  const signer =
    held.anchor === 'vendor' ? 'NVIDIA' : "a root that is NOT NVIDIA's, which the caller trusts"
  const what = `${held.version} of ${held.product}`
  const finding = isValidAt(held, at)
    ? pass(check, `the RIM for ${what} is signed by ${signer}, and valid until ${until}`)
    : fail(check, 'ERR_RIM_VALIDITY', `the RIM for ${what} is valid from ${from} to ${until}`)
  return { held, finding }
}

export const rimIn = (slot: Slot | null): Rim | null =>
  slot !== null && isThere(slot.held) ? slot.held : null

/** As many indices as a message has room for. */
const NAMED = 8

/** What is wrong counts although something is missing; nothing is right while something is missing. */
export function judge(
  { matched, mismatches, conflicts, skipped }: Comparison,
  slots: readonly Slot[],
): Judged {
  const check = 'gpu.measurements'
  if (conflicts.length > 0) {
    const detail = `both RIMs have golden values for index ${listed(conflicts)}`
    return { finding: fail(check, 'ERR_RIM_CONFLICT', detail), measurements: 'unknown' }
  }
  if (mismatches.length > 0) {
    const names = mismatches.map(({ index, source }) => `${index} (${source})`)
    const detail = `${mismatches.length} of ${matched + mismatches.length} measurements are not golden, index ${listed(names)}`
    const finding = fail(check, 'ERR_NVIDIA_MEASUREMENT_MISMATCH', detail)
    return { finding, measurements: 'mismatch' }
  }
  const missing = slots.map(({ held }) => held).find((held): held is Problem => !isThere(held))
  if (missing) return { finding: blocked(check, missing), measurements: 'unknown' }
  const off = skipped.length > 0 ? ', one does not count while NVDEC0 is off' : ''
  return {
    finding: pass(check, `all ${matched} measurements are golden${off}`),
    measurements: 'match',
  }
}

const listed = (items: readonly (number | string)[]): string =>
  items.slice(0, NAMED).join(', ') + (items.length > NAMED ? ' and others' : '')

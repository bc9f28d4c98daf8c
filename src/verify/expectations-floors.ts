// SPDX-License-Identifier: Apache-2.0
// Two tables of minimum TCBs → the one that is met where both are.

import { AttestationError } from '../errors.js'
import type { SnpPolicy, TcbFloor } from './policy.js'

type Floors = SnpPolicy['minimumTcb']['reported']

const LEVELS = ['fmc', 'bootLoader', 'tee', 'snp', 'microcode'] as const

/**
 * Every row of a table that is for a processor must hold, and there must be one. So a processor has
 * rows in both tables or is refused, and each pair of such rows becomes one with the higher levels.
 *
 * @throws {AttestationError} `ERR_EXPECTATIONS_CONFLICT` where no processor has rows in both
 */
export function narrowFloors(own: Floors, expected: Floors): Floors {
  if (own === 'any' || expected === 'any') return own === 'any' ? expected : own
  const rows = new Map<string, TcbFloor>()
  for (const a of own) {
    for (const b of expected) {
      const row = meet(a, b)
      if (row === null) continue
      const processor = JSON.stringify([row.product, row.cpuid])
      const same = rows.get(processor)
      rows.set(processor, same ? higher(same, row) : row)
    }
  }
  if (rows.size > 0) return [...rows.values()]
  throw new AttestationError(
    'ERR_EXPECTATIONS_CONFLICT',
    'snp.minimumTcb of the policy and of the expectations: no processor has rows in both',
  )
}

/** The row for the processors that both rows are for; null without any. */
function meet(a: TcbFloor, b: TcbFloor): TcbFloor | null {
  if (a.product !== b.product) return null
  if (a.cpuid === 'any') return higher(b, a)
  if (b.cpuid === 'any') return higher(a, b)
  return isSame(a.cpuid, b.cpuid) ? higher(a, b) : null
}

type Cpuid = Exclude<TcbFloor['cpuid'], 'any'>

const isSame = (a: Cpuid, b: Cpuid): boolean =>
  a.family === b.family && a.model === b.model && a.stepping === b.stepping

/** The row `a`, with the levels of `b` where those are higher. */
function higher(a: TcbFloor, b: TcbFloor): TcbFloor {
  const levels = LEVELS.map((name) => [name, highest(a[name], b[name])])
  return { ...a, ...Object.fromEntries(levels) }
}

type Level = number | 'any'

function highest(a: Level, b: Level): Level {
  if (a === 'any' || b === 'any') return a === 'any' ? b : a
  return Math.max(a, b)
}

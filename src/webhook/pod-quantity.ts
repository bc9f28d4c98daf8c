// SPDX-License-Identifier: Apache-2.0
// Kubernetes quantities ("100m", "64Mi", "1e3"), exactly: they are added and compared with what was
// leased, so nothing may be rounded on the way in.

import { refusal } from './pod-read.js'

/** Quantities are held in units of 10⁻⁹, the smallest that Kubernetes has. */
const NANO = 1_000_000_000n
const MILLI = 1_000_000n

const SUFFIXES: ReadonlyMap<string, readonly [scale: bigint, divisor: bigint]> = new Map([
  ['n', [1n, NANO]],
  ['u', [1n, 1_000_000n]],
  ['m', [1n, 1000n]],
  ['', [1n, 1n]],
  ['k', [1000n, 1n]],
  ['M', [1000n ** 2n, 1n]],
  ['G', [1000n ** 3n, 1n]],
  ['T', [1000n ** 4n, 1n]],
  ['P', [1000n ** 5n, 1n]],
  ['E', [1000n ** 6n, 1n]],
  ['Ki', [1024n, 1n]],
  ['Mi', [1024n ** 2n, 1n]],
  ['Gi', [1024n ** 3n, 1n]],
  ['Ti', [1024n ** 4n, 1n]],
  ['Pi', [1024n ** 5n, 1n]],
  ['Ei', [1024n ** 6n, 1n]],
])

/** Of a form that anybody means: a longer one is a way to have us compute. */
const LONGEST = 64
/** Beyond it every quantity is zero, or above Kubernetes' largest. */
const MOST_EXPONENT = 30

const FORM = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/

/**
 * @returns units of 10⁻⁹, what is smaller rounded up as Kubernetes does
 * @throws {AttestationError} `ERR_POD_FORMAT`
 */
export function parseQuantity(value: unknown, at: string): bigint {
  const text = typeof value === 'number' ? String(value) : value
  const parts = typeof text === 'string' && text.length <= LONGEST ? FORM.exec(text) : null
  const [, sign, digits = '', exponent = '0', suffix = ''] = parts ?? []
  const power = Number(exponent)
  if (parts === null || Math.abs(power) > MOST_EXPONENT) {
    throw refusal('ERR_POD_FORMAT', `${at} must be a quantity such as 100m or 64Mi`)
  }
  const [whole, fraction = ''] = digits.split('.') as [string, string?]
  const [scale, divisor] = SUFFIXES.get(suffix) as readonly [bigint, bigint]
  const numerator = BigInt(whole + fraction) * scale * NANO * 10n ** BigInt(Math.max(power, 0))
  const denominator = divisor * 10n ** BigInt(fraction.length + Math.max(-power, 0))
  const amount = (numerator + denominator - 1n) / denominator
  return sign === '-' ? -amount : amount
}

/** Whole millicores, what is smaller left off. */
export function formatCpu(amount: bigint): string {
  const milli = amount / MILLI
  return milli % 1000n === 0n ? String(milli / 1000n) : `${milli}m`
}

/** Whole bytes in the largest binary unit that says them exactly. */
export function formatMemory(amount: bigint): string {
  let count = amount / NANO
  let unit = 0
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
  while (count !== 0n && count % 1024n === 0n && unit < units.length - 1) {
    count /= 1024n
    unit += 1
  }
  return `${count}${units[unit]}`
}

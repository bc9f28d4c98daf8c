// SPDX-License-Identifier: Apache-2.0
// What the boundary must not bend: a window takes any array-like as bytes, and WebAssembly takes any
// number modulo 2^32.

import { isBytes } from '@noble/hashes/utils.js'
import { AttestationError } from '../errors.js'
import type { Bytes } from './private-copy.js'

/**
 * Refuses what is not a Uint8Array. A string, say, would enter the window as zeros.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function checkBytes(value: Uint8Array, name: string): void {
  if (!isBytes(value)) {
    throw new AttestationError('ERR_ARGUMENT', `${name}: Uint8Array expected, got ${kind(value)}`)
  }
}

/**
 * Refuses what is not an integer of 32 bits, which would enter the core as another number.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function checkU32(value: number, name: string): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    const got = typeof value === 'number' ? value : kind(value)
    throw new AttestationError('ERR_ARGUMENT', `${name}: integer of 32 bits expected, got ${got}`)
  }
}

/** Equal length and bytes, in a time that depends on the length alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let at = 0; at < a.length; at++) difference |= (a[at] as number) ^ (b[at] as number)
  return difference === 0
}

/** Whether there is nothing but zeros. */
export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

/** The parts one after another. */
export function joinBytes(parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

function kind(value: unknown): string {
  return value === null ? 'null' : typeof value
}

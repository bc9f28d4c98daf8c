// SPDX-License-Identifier: Apache-2.0
// What several tests share.

import type { Test } from 'tap'
import { AttestationError, type Code } from '../src/errors.js'

/** Asserts that `run` throws an AttestationError of exactly this code, and returns its message. */
export function throwsCode(t: Test, run: () => unknown, code: Code, title: string = code): string {
  try {
    run()
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error
    t.equal(error.code, code, title)
    return error.message
  }
  t.fail(`${title}: nothing was thrown`)
  return ''
}

/** Hex in memory order. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** A copy of `bytes` with `change` applied. */
export function changed(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = new Uint8Array(bytes)
  change(copy)
  return copy
}

/** The code that `run` refuses with, or null: for sweeps too long to assert step by step. */
export function codeOf(run: () => unknown): Code | null {
  try {
    run()
    return null
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error
    return error.code
  }
}

/** Asserts that `promise` rejects with an AttestationError of exactly this code, and returns it. */
export async function rejectsCode(
  t: Test,
  promise: Promise<unknown>,
  code: Code,
  title: string = code,
): Promise<AttestationError | null> {
  try {
    await promise
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error
    t.equal(error.code, code, title)
    return error
  }
  t.fail(`${title}: nothing was thrown`)
  return null
}

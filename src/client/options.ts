// SPDX-License-Identifier: Apache-2.0
// What the calls of the client have in common: options that are checked whole before anything is
// sent.

import { checkBytes } from '../core/bytes.js'
import { AttestationError } from '../errors.js'

/** Refuses an option that nobody reads, because its author meant something by it. */
export function checkNames(options: object, names: readonly string[]): void {
  const stranger = Object.keys(options).find((name) => !names.includes(name))
  if (stranger !== undefined) throw wrong(`unknown option ${JSON.stringify(stranger)}`)
}

export function checkNonce(nonce: Uint8Array, least: number, most: number): void {
  checkBytes(nonce, 'nonce')
  if (nonce.length >= least && nonce.length <= most) return
  const range = least === most ? `${least}` : `${least} to ${most}`
  throw new AttestationError(
    'ERR_REPORT_DATA_LENGTH',
    `nonce of ${range} bytes expected, got ${nonce.length}`,
  )
}

export function checkFlag(value: unknown, name: string): void {
  if (typeof value !== 'boolean') throw wrong(`${name}: true or false expected`)
}

export const wrong = (message: string): AttestationError =>
  new AttestationError('ERR_ARGUMENT', message)

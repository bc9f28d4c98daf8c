// SPDX-License-Identifier: Apache-2.0
// Strict text encodings of bytes: canonical base64 (RFC 4648 §4) and hex in memory order.

import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { AttestationError } from './errors.js'

/** Lower-case hex in memory order. */
export const toHex: (bytes: Uint8Array) => string = bytesToHex

/**
 * Bytes of an even number of hex digits, either case, nothing else.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function fromHex(text: string, name: string): Uint8Array {
  try {
    return hexToBytes(text)
  } catch (cause) {
    throw new AttestationError('ERR_ARGUMENT', `${name} is not hex`, { cause })
  }
}

/** Base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  // In slices, because an argument list has a limit that evidence may exceed.
  for (let at = 0; at < bytes.length; at += 0x1000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x1000))
  }
  return btoa(binary)
}

/**
 * Bytes of canonical base64: padded, no white space, no stray bits. `atob` alone accepts all three.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`
 */
export function fromBase64(text: string, name: string): Uint8Array<ArrayBuffer> {
  let binary: string | undefined
  try {
    binary = atob(text)
  } catch {
    binary = undefined
  }
  if (binary === undefined || btoa(binary) !== text) {
    throw new AttestationError('ERR_ARGUMENT', `${name} is not canonical base64`)
  }
  // A plain loop: Uint8Array.from with a callback takes twenty times as long.
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}

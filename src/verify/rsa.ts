// SPDX-License-Identifier: Apache-2.0
// Which RSA keys a verification is spent on. Whoever presents certificates chooses their keys.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { DerReader, exactly, INTEGER, SEQUENCE } from './der.js'
import { readBits, readNumber } from './der-values.js'
import { attempt } from './result.js'

/** AMD's largest. The cost of a verification grows faster than the key. */
const RSA_4096_SPKI_LEN = 550
/** That of every key of AMD's. A long one makes a verification as costly as signing. */
const EXPONENT = 65537

/** Whether a SubjectPublicKeyInfo has an RSA key (RFC 8017 A.1.1) no costlier than those of AMD. */
export function isAffordableRsa(spki: Bytes): boolean {
  if (spki.length > RSA_4096_SPKI_LEN) return false
  const exponent = attempt(() => exactly(keyOf(spki), readExponent))
  return !(exponent instanceof AttestationError) && exponent === EXPONENT
}

function keyOf(spki: Bytes): Bytes {
  const info = new DerReader(spki).inside(SEQUENCE)
  info.inside(SEQUENCE)
  return readBits(info)
}

function readExponent(reader: DerReader): number {
  const key = reader.inside(SEQUENCE)
  key.inside(INTEGER)
  return readNumber(key)
}

// SPDX-License-Identifier: Apache-2.0
// Distinguished names (RFC 5280 section 4.1.2.4) as text that two equal names share.

import { toHex } from '../encoding.js'
import { ContentCache, contentKey } from './cache.js'
import { type DerReader, exactly, malformed, SEQUENCE, SET } from './der.js'
import { readOid, readText } from './der-values.js'

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
}

/** AMD has a handful of names, and every certificate has two of them. */
const read = new ContentCache<{ text: string }>(16)

/** Separators, and what a terminal obeys or does not show. */
const SPECIAL = /[\\,+=]|[\p{C}\p{Zl}\p{Zp}]/gu
const UTF8 = new TextEncoder()

/**
 * A name as text, in the order of its encoding: `OU=…, C=…`. Separators inside a value are escaped,
 * so that no value can pose as two; and characters that nobody sees, as their bytes in hex (RFC 4514
 * section 2.4), so that none can rewrite the line that it is shown in.
 */
export function readName(reader: DerReader): string {
  const encoding = reader.element(SEQUENCE)
  return read.get(encoding, () => exactly(encoding, readRelatives)).text
}

function readRelatives(reader: DerReader): { text: string } {
  const name = reader.inside(SEQUENCE)
  const parts: string[] = []
  while (!name.done) parts.push(readRelative(name.inside(SET)))
  return { text: parts.join(', ') }
}

function readRelative(set: DerReader): string {
  const texts: string[] = []
  let last = ''
  do {
    const encoding = set.element(SEQUENCE)
    const key = contentKey(encoding)
    if (key <= last) throw malformed('attributes of a relative name out of order')
    last = key
    texts.push(exactly(encoding, readAttribute))
  } while (!set.done)
  return texts.join('+')
}

function readAttribute(reader: DerReader): string {
  const attribute = reader.inside(SEQUENCE)
  const type = readOid(attribute)
  const value = readText(attribute).replace(SPECIAL, escapeOne)
  attribute.end()
  return `${ATTRIBUTES[type] ?? type}=${value}`
}

const escapeOne = (special: string): string =>
  '\\,+='.includes(special)
    ? `\\${special}`
    : Array.from(UTF8.encode(special), (octet) => `\\${toHex(Uint8Array.of(octet))}`).join('')

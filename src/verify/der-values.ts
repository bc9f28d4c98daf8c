// SPDX-License-Identifier: Apache-2.0
// Values of single DER elements: one reader per ASN.1 type that certificates and CRLs have.

import type { Bytes } from '../core/private-copy.js'
import { contentKey } from './cache.js'
import {
  BIT_STRING,
  BOOLEAN,
  type DerReader,
  GENERALIZED_TIME,
  IA5_STRING,
  INTEGER,
  malformed,
  OBJECT_IDENTIFIER,
  PRINTABLE_STRING,
  UTC_TIME,
  UTF8_STRING,
} from './der.js'

const TRUE = 0xff
const NEGATIVE = 0x80
/** Octets of an integer that a number holds exactly, with one to spare for the sign. */
const NUMBER_OCTETS_MAX = 6
/** Several times what names and extensions have: messages repeat one in full. */
const OID_OCTETS_MAX = 64
const UTC = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
const GENERALIZED = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
/** UTCTime knows 1950 to 2049, and every time in that span has to be one (RFC 5280 4.1.2.5). */
const UTC_PIVOT = 50
const GENERALIZED_FROM = new Date('2050-01-01T00:00:00Z')

/** BOOLEAN DEFAULT FALSE: what is the default must be absent. */
export function readFlag(reader: DerReader): boolean {
  if (reader.tag !== BOOLEAN) return false
  const content = reader.content(BOOLEAN)
  if (content.length !== 1 || content[0] !== TRUE) throw malformed('a BOOLEAN that is not TRUE')
  return true
}

/** The octets of an INTEGER that is not negative, a zero before a set top bit included. */
export function readInteger(reader: DerReader): Bytes {
  const content = reader.content(INTEGER)
  const [first = NEGATIVE, second = NEGATIVE] = content
  if (first >= NEGATIVE || (first === 0 && second < NEGATIVE)) {
    throw malformed('an INTEGER that is empty, negative or padded')
  }
  return content
}

/** An INTEGER that is not negative as a number. */
export function readNumber(reader: DerReader): number {
  const content = readInteger(reader)
  if (content.length > NUMBER_OCTETS_MAX) throw malformed('an INTEGER too large')
  return content.reduce((value, octet) => value * 0x100 + octet, 0)
}

/** An OBJECT IDENTIFIER in dotted form. */
export function readOid(reader: DerReader): string {
  const content = reader.content(OBJECT_IDENTIFIER)
  if (content.length > OID_OCTETS_MAX) throw malformed('an OBJECT IDENTIFIER too large')
  const arcs: number[] = []
  let arc = 0
  for (const octet of content) {
    if (arc === 0 && octet === 0x80) throw malformed('a padded OBJECT IDENTIFIER')
    arc = arc * 0x80 + (octet & 0x7f)
    if (octet >= 0x80) continue
    if (arc > Number.MAX_SAFE_INTEGER) throw malformed('an OBJECT IDENTIFIER too large')
    arcs.push(arc)
    arc = 0
  }
  const [first, ...rest] = arcs
  if (first === undefined || (content[content.length - 1] as number) >= 0x80) {
    throw malformed('an OBJECT IDENTIFIER cut short')
  }
  const root = Math.min(Math.trunc(first / 40), 2)
  return [root, first - root * 40, ...rest].join('.')
}

/** A BIT STRING of whole octets. */
export function readBits(reader: DerReader): Bytes {
  const content = reader.content(BIT_STRING)
  if (content[0] !== 0) throw malformed('a BIT STRING that is not of whole octets')
  return content.subarray(1)
}

/**
 * A BIT STRING of named bits as a number: bit n of the string is 2^n. DER would drop zeros at its
 * end, but AMD's intermediates keep one.
 */
export function readNamedBits(reader: DerReader): number {
  const [unused = 8, ...octets] = reader.content(BIT_STRING)
  const last = octets[octets.length - 1]
  if (last === undefined || octets.length > 2 || unused > 7 || last & ((1 << unused) - 1)) {
    throw malformed('a BIT STRING of named bits that is empty, too long or padded with ones')
  }
  let value = 0
  for (let bit = 0; bit < octets.length * 8; bit++) {
    if (((octets[bit >> 3] as number) >> (7 - (bit & 7))) & 1) value |= 1 << bit
  }
  return value
}

/** Time as RFC 5280 wants it: to the second, in UTC, and a moment that exists. */
export function readTime(reader: DerReader): Date {
  if (reader.tag === GENERALIZED_TIME) {
    const time = readGeneralizedTime(reader)
    if (time < GENERALIZED_FROM) throw malformed('GeneralizedTime before 2050')
    return time
  }
  const [, year = '', ...rest] = UTC.exec(contentKey(reader.content(UTC_TIME))) ?? []
  return moment((Number(year) < UTC_PIVOT ? '20' : '19') + year, rest)
}

/** Time as RFC 6960 wants it: GeneralizedTime whatever the year, else like the other. */
export function readGeneralizedTime(reader: DerReader): Date {
  const text = contentKey(reader.content(GENERALIZED_TIME))
  const [, year = '', ...rest] = GENERALIZED.exec(text) ?? []
  return moment(year, rest)
}

/** Either, as it stands: GeneralizedTime whatever the year. */
export const readEitherTime = (reader: DerReader): Date =>
  reader.tag === GENERALIZED_TIME ? readGeneralizedTime(reader) : readTime(reader)

function moment(year: string, [month, day, hour, minute, second]: readonly string[]): Date {
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const time = new Date(iso)
  // Dates roll over: 30 February would be 2 March.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) throw malformed('not a time')
  return time
}

/** Repertoire of each string type that names have; UTF8String is decoded besides. */
const STRINGS: ReadonlyMap<number | undefined, RegExp> = new Map([
  [UTF8_STRING, /./s],
  [PRINTABLE_STRING, /^[A-Za-z0-9 '()+,\-./:=?]+$/],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: IA5 has them
  [IA5_STRING, /^[\x00-\x7f]+$/],
])
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A UTF8String, PrintableString or IA5String, not empty. */
export function readText(reader: DerReader): string {
  const { tag } = reader
  const repertoire = STRINGS.get(tag)
  if (!repertoire) throw malformed('a string of a type that names do not have')
  const content = reader.content(tag as number)
  const text = contentKey(content)
  if (!repertoire.test(text)) throw malformed('a string that is empty or not of its type')
  return tag === UTF8_STRING ? decodeUtf8(content, text) : text
}

function decodeUtf8(content: Bytes, text: string): string {
  // Nearly always ASCII, where decoding would change nothing.
  if (!/[\x80-\xff]/.test(text)) return text
  try {
    return UTF8.decode(content)
  } catch (cause) {
    throw malformed('a UTF8String that is not UTF-8', { cause })
  }
}

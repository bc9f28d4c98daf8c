// SPDX-License-Identifier: Apache-2.0
// What a RIM says: a SWID tag (ISO/IEC 19770-2:2015) with golden measurements in the form of TCG's
// Reference Integrity Manifest information model. Read from the bytes that were signed.

import type { Bytes } from '../core/private-copy.js'
import { fromHex } from '../encoding.js'
import { type Element, elementsIn, malformedXml } from './xml-parse.js'

const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd'
const SHA384 = 'http://www.w3.org/2001/04/xmlenc#sha384'
/** Of SHA-384, and of a block of a report. */
const DIGEST_LEN = 48
const MAX_INDEX = 255
const MAX_ALTERNATIVES = 64
const DECIMAL = /^(?:0|[1-9][0-9]{0,3})$/
const DIGEST = new RegExp(`^[0-9A-Fa-f]{${2 * DIGEST_LEN}}$`)

/** One golden measurement. */
export interface RimMeasurement {
  /** Counted from 0: block `index` + 1 of a report. */
  readonly index: number
  /** NVIDIA's, which hints at what was measured. */
  readonly name: string
  /** Every value that is right, 48 bytes; all zero means that nothing was ever measured. */
  readonly alternatives: readonly Bytes[]
}

export interface RimTag {
  readonly tagId: string
  /** The chip: `GH100`. */
  readonly product: string
  /** Of the driver, the VBIOS or the BIOS of a switch, as reports spell it. */
  readonly version: string
  /** The measurements to compare; the others are placeholders. */
  readonly active: readonly RimMeasurement[]
}

/** @throws {AttestationError} `ERR_RIM_FORMAT` */
export function readTag(root: Element): RimTag {
  requireSwid(root, 'SoftwareIdentity')
  const meta = only(root, 'Meta')
  return {
    tagId: text(root, 'tagId'),
    product: text(meta, 'product'),
    version: text(meta, 'colloquialVersion'),
    active: readPayload(only(root, 'Payload')),
  }
}

function readPayload(payload: Element): RimMeasurement[] {
  const resources = elementsIn(payload).map(readResource)
  if (new Set(resources.map(({ index }) => index)).size !== resources.length) {
    throw malformedXml('an index that stands twice')
  }
  const golden = resources.filter(({ active }) => active)
  // Comparing with none of them would come out as good.
  if (golden.length === 0) throw malformedXml('a Payload without active measurements')
  return golden.map(({ active: _, ...measurement }) => measurement)
}

function readResource(resource: Element): RimMeasurement & { active: boolean } {
  requireSwid(resource, 'Resource')
  if (text(resource, 'type') !== 'Measurement') throw malformedXml('a Resource of another type')
  if (decimal(resource, 'size') !== DIGEST_LEN) {
    throw malformedXml(`"size" of a Resource is not ${DIGEST_LEN}`)
  }
  return {
    index: decimal(resource, 'index', MAX_INDEX),
    active: flag(resource, 'active'),
    name: text(resource, 'name'),
    alternatives: readAlternatives(resource),
  }
}

/** Hash0 and so on, as many as announced and not one more. */
function readAlternatives(resource: Element): Bytes[] {
  const count = decimal(resource, 'alternatives', MAX_ALTERNATIVES)
  const hashes = [...resource.attributes].filter(({ namespaceURI }) => namespaceURI === SHA384)
  if (count === 0 || hashes.length !== count) {
    throw malformedXml(`${count} alternatives announced, ${hashes.length} hashes given`)
  }
  return hashes.map((_, at) => {
    const hash = resource.getAttributeNS(SHA384, `Hash${at}`) ?? ''
    if (!DIGEST.test(hash)) throw malformedXml(`"Hash${at}" is not ${DIGEST_LEN} bytes in hex`)
    return fromHex(hash, 'hash') as Bytes
  })
}

/** The one child of this name. Others of the same namespace may stand beside it, strangers may not. */
function only(parent: Element, name: string): Element {
  const children = elementsIn(parent)
  if (children.some(({ namespaceURI }) => namespaceURI !== SWID)) {
    throw malformedXml(`${parent.localName} has a child of another namespace`)
  }
  const [child, ...more] = children.filter(({ localName }) => localName === name)
  if (!child || more.length > 0) throw malformedXml(`exactly one ${name} expected`)
  return child
}

function requireSwid({ namespaceURI, localName }: Element, name: string): void {
  if (namespaceURI !== SWID || localName !== name) {
    throw malformedXml(`${name} of ISO/IEC 19770-2:2015 expected, got ${localName}`)
  }
}

function text(element: Element, name: string): string {
  const value = element.getAttributeNS(null, name) ?? ''
  if (value === '') throw malformedXml(`"${name}" of ${element.localName} is missing`)
  return value
}

function decimal(element: Element, name: string, max = Number.POSITIVE_INFINITY): number {
  const value = text(element, name)
  if (!DECIMAL.test(value) || Number(value) > max) {
    throw malformedXml(`"${name}" of ${element.localName} is no number or too large`)
  }
  return Number(value)
}

function flag(element: Element, name: string): boolean {
  const value = text(element, name)
  if (value !== 'True' && value !== 'False') {
    throw malformedXml(`"${name}" of ${element.localName} is neither True nor False`)
  }
  return value === 'True'
}

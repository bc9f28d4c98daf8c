// SPDX-License-Identifier: Apache-2.0
// XML text → a tree, for documents that are signed: a small part of XML 1.0, and nothing that means
// one thing to one reader and another to the next.

import type { Document, Element, Node } from '@xmldom/xmldom'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'

export type { Element, Node }

/** Node.nodeType (DOM Level 2 Core). */
export const ELEMENT = 1
export const TEXT = 3
export const COMMENT = 8
const PROCESSING_INSTRUCTION = 7

/** Ten times the largest real one. */
const MAX_LEN = 0x40000
const UTF8 = new TextDecoder('utf-8', { fatal: true })
/** Whatever begins so and is no comment: document types, which can hold entities, and CDATA. */
const DECLARATION = /<!(?!--)/
/** An ampersand that begins no reference to one of XML's own entities or to a character. */
const STRAY = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);)/
/** Every element drags along all namespaces around it, so that a few kilobytes of them take minutes. */
const MAX_NAMESPACES = 64
/** A tag or instruction whose name is several times as long as any: messages repeat names. */
const LONG_NAME = /<[^\s/>!][^\s/>]{64}/
const WHITESPACE = /^[ \t\n\r]*$/

export const malformedXml = (detail: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_RIM_FORMAT', detail, options)

/**
 * The root element of a document. The parser is loaded when the first one arrives: whoever appraises
 * no GPUs never has it in memory.
 *
 * @throws {AttestationError} `ERR_RIM_FORMAT`
 */
export async function parseXml(bytes: Bytes): Promise<Element> {
  if (bytes.length > MAX_LEN) {
    throw malformedXml(`the document: at most ${MAX_LEN} bytes expected, got ${bytes.length}`)
  }
  const text = decode(bytes)
  if (DECLARATION.test(text)) throw malformedXml('a document type declaration or CDATA section')
  if (STRAY.test(text)) throw malformedXml('a reference to an entity that XML does not have')
  if (LONG_NAME.test(text)) throw malformedXml('a name of more than 64 characters')
  if (text.split('xmlns').length > MAX_NAMESPACES + 1) {
    throw malformedXml(`more than ${MAX_NAMESPACES} declarations of namespaces`)
  }
  const root = rootOf(parse(await parser(), text))
  if (root === null) throw malformedXml('something else than comments beside the root element')
  return root
}

function decode(bytes: Bytes): string {
  try {
    return UTF8.decode(bytes)
  } catch (cause) {
    throw malformedXml('the document is not UTF-8', { cause })
  }
}

type Parse = (text: string) => Document

async function parser(): Promise<Parse> {
  const { DOMParser } = await import('@xmldom/xmldom')
  const parser = new DOMParser({
    locator: false,
    // Only these two are line ends in XML 1.0 (section 2.11); the parser's own list is that of 1.1.
    normalizeLineEndings: (text) => text.replace(/\r\n?/g, '\n'),
    onError: (_, message) => {
      throw new Error(message)
    },
  })
  return (text) => parser.parseFromString(text, 'text/xml')
}

/** Warnings of the parser are refusals: it recovers from faults that others stumble over. */
function parse(parseText: Parse, text: string): Document {
  try {
    return parseText(text)
  } catch (cause) {
    throw malformedXml('the document is not well-formed XML', { cause })
  }
}

function rootOf(document: Document): Element | null {
  const nodes = [...document.childNodes]
  const alone = nodes.every((node, at) => node.nodeType === ELEMENT || isIgnorable(node, at))
  return alone ? document.documentElement : null
}

const isIgnorable = ({ nodeType, nodeName, nodeValue }: Node, at: number): boolean =>
  nodeType === COMMENT ||
  (nodeType === TEXT && WHITESPACE.test(nodeValue as string)) ||
  (nodeType === PROCESSING_INSTRUCTION && nodeName === 'xml' && at === 0)

/** The elements in an element that has nothing but elements in it, comments aside. */
export function elementsIn(parent: Element): Element[] {
  const nodes = [...parent.childNodes].filter(({ nodeType }) => nodeType !== COMMENT)
  const strange = nodes.some(
    ({ nodeType, nodeValue }) => nodeType === TEXT && !WHITESPACE.test(nodeValue as string),
  )
  if (strange) throw malformedXml(`text between the elements of ${parent.localName}`)
  return nodes.filter((node): node is Element => node.nodeType === ELEMENT)
}

/** The text in an element that has nothing but text in it, without its white space. */
export function base64In(element: Element): string {
  const nodes = [...element.childNodes].filter(({ nodeType }) => nodeType !== COMMENT)
  if (nodes.some(({ nodeType }) => nodeType !== TEXT)) {
    throw malformedXml(`something else than text in ${element.localName}`)
  }
  return nodes
    .map(({ nodeValue }) => nodeValue as string)
    .join('')
    .replace(/[ \t\n\r]/g, '')
}

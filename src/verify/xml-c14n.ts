// SPDX-License-Identifier: Apache-2.0
// Canonical XML 1.1 (http://www.w3.org/2006/12/xml-c14n11), inclusive and without comments, of the
// XML that RIMs are made of. What it writes is what is hashed, verified, and only then read: were it
// wrong somewhere, a genuine document would be refused, but no other one accepted.

import { COMMENT, ELEMENT, type Element, malformedXml, TEXT } from './xml-parse.js'

const XMLNS = 'http://www.w3.org/2000/xmlns/'
const XML = 'http://www.w3.org/XML/1998/namespace'
/** Twice what signed documents need, and far from what a stack holds. */
const MAX_DEPTH = 16

/** Prefix → namespace, `''` for the default one. */
type Scope = ReadonlyMap<string, string>

/**
 * The canonical form of an element, as if it stood where it stands: with the namespaces of everything
 * around it.
 *
 * @param without an element to leave out, which is the enveloped-signature transform
 * @throws {AttestationError} `ERR_RIM_FORMAT` for processing instructions and attributes `xml:…`,
 * which make versions 1.0 and 1.1 differ, and for what is nested too deeply
 */
export function canonicalize(apex: Element, without: Element | null = null): string {
  return write(apex, { rendered: new Map(), inherited: scopeAround(apex), without, depth: 0 })
}

interface Place {
  /** Namespaces that the output has declared already. */
  readonly rendered: Scope
  /** Namespaces that are declared outside of the apex; empty below it. */
  readonly inherited: Scope
  readonly without: Element | null
  readonly depth: number
}

function scopeAround(apex: Element): Scope {
  const scope = new Map<string, string>()
  for (let around = apex.parentElement; around; around = around.parentElement) {
    for (const [prefix, namespace] of declarations(around)) {
      if (!scope.has(prefix)) scope.set(prefix, namespace)
    }
  }
  return scope
}

const declarations = (element: Element): [string, string][] =>
  [...element.attributes]
    .filter(({ namespaceURI }) => namespaceURI === XMLNS)
    .map(({ prefix, localName, value }) => [prefix === null ? '' : (localName as string), value])

function write(element: Element, { rendered, inherited, without, depth }: Place): string {
  if (depth > MAX_DEPTH) throw malformedXml(`elements nested more than ${MAX_DEPTH} deep`)
  const scope = new Map([...inherited, ...declarations(element)])
  const fresh = [...scope].filter(
    ([prefix, namespace]) => namespace !== (rendered.get(prefix) ?? ''),
  )
  const inner = { rendered: new Map([...rendered, ...fresh]), inherited: new Map(), without }
  const name = element.nodeName
  let text = `<${name}${namespaces(fresh)}${attributes(element)}>`
  for (const node of element.childNodes) {
    if (node.nodeType === TEXT) text += escapeText(node.nodeValue as string)
    else if (node.nodeType === ELEMENT) {
      if (node !== without) text += write(node as Element, { ...inner, depth: depth + 1 })
    } else if (node.nodeType !== COMMENT) throw malformedXml(`a ${node.nodeName} in ${name}`)
  }
  return `${text}</${name}>`
}

const namespaces = (declared: [string, string][]): string =>
  declared
    .sort(([a], [b]) => order(a, b))
    .map(([prefix, namespace]) => {
      const name = prefix === '' ? 'xmlns' : `xmlns:${prefix}`
      return ` ${name}="${escapeValue(namespace)}"`
    })
    .join('')

/** Those without a namespace first, as if it were the empty one. */
function attributes(element: Element): string {
  const all = [...element.attributes].filter(({ namespaceURI }) => namespaceURI !== XMLNS)
  if (all.some(({ namespaceURI }) => namespaceURI === XML)) throw malformedXml('an xml: attribute')
  return all
    .map(({ namespaceURI, localName, name, value }) => ({
      namespace: namespaceURI ?? '',
      localName: localName as string,
      text: ` ${name}="${escapeValue(value)}"`,
    }))
    .sort((a, b) => order(a.namespace, b.namespace) || order(a.localName, b.localName))
    .map(({ text }) => text)
    .join('')
}

const order = (a: string, b: string): number => Number(a > b) - Number(a < b)

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
}
const escapeOne = (character: string): string => ESCAPES[character] as string
const escapeText = (text: string): string => text.replace(/[&<>\r]/g, escapeOne)
const escapeValue = (value: string): string => value.replace(/[&<"\t\n\r]/g, escapeOne)

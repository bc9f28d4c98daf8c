// SPDX-License-Identifier: Apache-2.0
// The XML signature of a RIM (W3C XML Signature 1.1): one form and no other, and out of it the bytes
// that were signed. What is not among them is read by nobody, KeyInfo for finding the signer aside.

import type { Bytes } from '../core/private-copy.js'
import { fromBase64 } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { attempt } from './result.js'
import { canonicalize } from './xml-c14n.js'
import { base64In, type Element, elementsIn } from './xml-parse.js'

/** The namespace of XML signatures. */
export const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const C14N11 = 'http://www.w3.org/2006/12/xml-c14n11'
const ECDSA_SHA384 = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384'
const SHA384 = 'http://www.w3.org/2001/04/xmldsig-more#sha384'
const ENVELOPED = `${DSIG}enveloped-signature`

/** A signature in the only form there is, of which nothing is verified. */
export interface XmlSignature {
  /** The canonical form of SignedInfo: the bytes that the signer signed. */
  readonly signedInfo: Bytes
  /** r || s. */
  readonly value: Bytes
  /** The canonical form of the document without its signature. */
  readonly document: Bytes
  /** What X509Data holds, DER, in its order. Nobody signed that. */
  readonly certificates: readonly Bytes[]
}

const refusal = (detail: string, options?: ErrorOptions): AttestationError =>
  new AttestationError('ERR_RIM_SIGNATURE_FORM', detail, options)

/**
 * The signature that is a child of the root element.
 *
 * @throws {AttestationError} `ERR_RIM_SIGNATURE_FORM`, also for none and for more than one;
 * `ERR_RIM_FORMAT`
 */
export function readSignature(root: Element): XmlSignature {
  const [signature, ...more] = elementsIn(root).filter(isSignature)
  if (!signature) throw refusal('no signature')
  if (more.length > 0) throw refusal('more than one signature')
  const [signedInfo, value, keyInfo, ...rest] = elementsIn(signature)
  requireName(signedInfo, 'SignedInfo')
  requireName(value, 'SignatureValue')
  requireName(keyInfo, 'KeyInfo')
  // An Object stands outside of what is signed, and so means nothing.
  for (const object of rest) requireName(object, 'Object')
  return {
    signedInfo: utf8(canonicalize(signedInfo)),
    value: base64(value),
    document: utf8(canonicalize(root, signature)),
    certificates: readKeyInfo(keyInfo),
  }
}

const isSignature = ({ namespaceURI, localName }: Element): boolean =>
  namespaceURI === DSIG && localName === 'Signature'

/**
 * What SignedInfo says of the document: its SHA-384. To be read from the bytes that are verified.
 *
 * @throws {AttestationError} `ERR_RIM_SIGNATURE_FORM` for any other algorithm or reference;
 * `ERR_RIM_FORMAT`
 */
export function readSignedInfo(signedInfo: Element): Bytes {
  const [c14n, method, reference, ...more] = elementsIn(signedInfo)
  requireAlgorithm(c14n, 'CanonicalizationMethod', C14N11)
  requireAlgorithm(method, 'SignatureMethod', ECDSA_SHA384)
  requireName(reference, 'Reference')
  if (more.length > 0) throw refusal('more than one Reference')
  if (reference.getAttribute('URI') !== '') throw refusal('a Reference with a URI other than ""')
  const [transforms, digestMethod, digestValue] = elementsIn(reference)
  requireName(transforms, 'Transforms')
  const [enveloped, canonical, ...others] = elementsIn(transforms)
  requireAlgorithm(enveloped, 'Transform', ENVELOPED)
  requireAlgorithm(canonical, 'Transform', C14N11)
  if (others.length > 0) throw refusal('more than two Transforms')
  requireAlgorithm(digestMethod, 'DigestMethod', SHA384)
  requireName(digestValue, 'DigestValue')
  return base64(digestValue)
}

function readKeyInfo(keyInfo: Element): Bytes[] {
  const [data, ...more] = elementsIn(keyInfo)
  requireName(data, 'X509Data')
  if (more.length > 0) throw refusal('KeyInfo has something besides X509Data')
  return elementsIn(data).map((certificate) => {
    requireName(certificate, 'X509Certificate')
    return base64(certificate)
  })
}

function requireName(element: Element | undefined, name: string): asserts element {
  if (element?.namespaceURI === DSIG && element.localName === name) return
  throw refusal(`${name} expected, got ${element?.localName ?? 'nothing'}`)
}

/** An element that says nothing but this algorithm: parameters would change its meaning. */
function requireAlgorithm(element: Element | undefined, name: string, algorithm: string): void {
  requireName(element, name)
  if (element.getAttribute('Algorithm') !== algorithm || elementsIn(element).length > 0) {
    throw refusal(`${name} is not ${algorithm}`)
  }
}

function base64(element: Element): Bytes {
  const name = element.localName as string
  const bytes = attempt(() => fromBase64(base64In(element), name))
  if (bytes instanceof AttestationError) throw refusal(bytes.message, { cause: bytes })
  return bytes
}

const utf8 = (text: string): Bytes => new TextEncoder().encode(text) as Bytes

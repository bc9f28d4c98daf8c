// SPDX-License-Identifier: Apache-2.0
// The view of an X.509 certificate that appraisal needs (RFC 5280): strict, read once per content,
// and with the bytes as received wherever a signature or a key depends on them.

import { AsnConvert } from '@peculiar/asn1-schema'
import {
  Certificate as Asn1Certificate,
  BasicConstraints,
  type Extension,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  KeyUsage,
  type Name,
  Version,
} from '@peculiar/asn1-x509'
import { toHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { ContentCache } from './cache.js'
import { checkLength, malformed, type Signed, signedParts } from './der.js'
import type { Bytes } from './pem.js'

/** What a chain needs to know of one certificate, be it parsed or carried as constants. */
export interface Identity {
  /** Names as text, most significant first as encoded: `OU=…, C=…, …, CN=…`. */
  readonly subject: string
  readonly issuer: string
  /** Hex without leading zero octets; `00` for zero, which all of AMD's leaves carry. */
  readonly serial: string
  readonly notBefore: Date
  readonly notAfter: Date
  /** DER of SubjectPublicKeyInfo. */
  readonly spki: Bytes
  /** Bits as `KeyUsageFlags`; undefined when the certificate does not say. */
  readonly keyUsage: number | undefined
}

export interface Certificate extends Identity, Signed {
  readonly isP384: boolean
  readonly isCa: boolean
  /** Highest number of intermediates below; undefined without a limit. */
  readonly pathLength: number | undefined
  /** Content of extnValue by OID. */
  readonly extensions: ReadonlyMap<string, Bytes>
}

const KNOWN_CRITICAL: ReadonlySet<string> = new Set([id_ce_basicConstraints, id_ce_keyUsage])
const ID_EC_PUBLIC_KEY = '1.2.840.10045.2.1'
/** DER of the OID secp384r1. */
const SECP384R1 = '06052b81040022'

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
}

const parsed = new ContentCache<Certificate>(64)

/**
 * Reads one certificate, X.509 version 3.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT`
 */
export function parseCertificate(der: Bytes): Certificate {
  checkLength(der)
  return parsed.get(der, () => strictly(() => readCertificate(der)))
}

/** Whatever the parser beneath throws means that it cannot read these bytes. */
export function strictly<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause
    throw malformed('not the ASN.1 of RFC 5280', { cause })
  }
}

function readCertificate(der: Bytes): Certificate {
  const {
    tbsCertificate: tbs,
    tbsCertificateRaw,
    signatureValue,
  } = AsnConvert.parse(der, Asn1Certificate)
  if (tbs.version !== Version.v3) throw malformed('X.509 version 3 expected')
  const signed = signedParts(der, {
    tbs: new Uint8Array(tbsCertificateRaw as ArrayBuffer),
    algorithm: tbs.signature,
    signature: new Uint8Array(signatureValue),
  })
  const extensions = readExtensions(tbs.extensions ?? [], KNOWN_CRITICAL)
  const basic = optional(extensions.get(id_ce_basicConstraints), BasicConstraints)
  const { algorithm } = tbs.subjectPublicKeyInfo
  return {
    ...signed,
    subject: nameText(tbs.subject),
    issuer: nameText(tbs.issuer),
    serial: serialText(tbs.serialNumber),
    notBefore: tbs.validity.notBefore.getTime(),
    notAfter: tbs.validity.notAfter.getTime(),
    spki: new Uint8Array(AsnConvert.serialize(tbs.subjectPublicKeyInfo)),
    isP384:
      algorithm.algorithm === ID_EC_PUBLIC_KEY &&
      toHex(new Uint8Array(algorithm.parameters ?? [])) === SECP384R1,
    isCa: basic?.cA === true,
    pathLength: basic?.pathLenConstraint,
    keyUsage: optional(extensions.get(id_ce_keyUsage), KeyUsage)?.toNumber(),
    extensions,
  }
}

function optional<Value>(der: Bytes | undefined, type: new () => Value): Value | undefined {
  return der && AsnConvert.parse(der, type)
}

/**
 * Extensions by OID. One that stands twice has no meaning, and a critical one that nobody here
 * reads must not be passed over (RFC 5280 section 4.2).
 */
export function readExtensions(
  list: readonly Extension[],
  known: ReadonlySet<string>,
): ReadonlyMap<string, Bytes> {
  const extensions = new Map<string, Bytes>()
  for (const { extnID, critical, extnValue } of list) {
    if (extensions.has(extnID)) throw malformed(`extension ${extnID} stands twice`)
    if (critical && !known.has(extnID)) throw malformed(`critical extension ${extnID} is unknown`)
    extensions.set(extnID, new Uint8Array(extnValue.buffer))
  }
  return extensions
}

/** A name as text; separators inside a value are escaped, so that no value can pose as two. */
export function nameText(name: Name): string {
  const parts = name.map((rdn) =>
    rdn
      .map(({ type, value }) => {
        const text = value.toString().replace(/[\\,+=]/g, '\\$&')
        return `${ATTRIBUTES[type] ?? type}=${text}`
      })
      .join('+'),
  )
  return parts.join(', ')
}

export function serialText(serial: ArrayBuffer): string {
  return toHex(new Uint8Array(serial)).replace(/^(00)+(?=..)/, '')
}

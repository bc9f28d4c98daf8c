// SPDX-License-Identifier: Apache-2.0
// Writes X.509 certificates (RFC 5280) for whoever issues some: what they say, and the frame around a
// signature. Who signs, and how, is the caller's. Runs in browsers, too.

import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'
import type { Bytes } from '../core/private-copy.js'

/** ecdsa-with-SHA256 and ecdsa-with-SHA384 (RFC 5758, section 3.2). */
export const ECDSA_SHA_256 = new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' })
export const ECDSA_SHA_384 = new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.3' })

const ID_COMMON_NAME = '2.5.4.3'
const SERIAL_LEN = 16

/** One attribute of a name, in the string type that its issuer uses. */
export type NamePart = readonly [type: string, value: Partial<AttributeValue>]

export const distinguishedName = (parts: readonly NamePart[]): Name =>
  new Name(
    parts.map(
      ([type, value]) =>
        new RelativeDistinguishedName([
          new AttributeTypeAndValue({ type, value: new AttributeValue(value) }),
        ]),
    ),
  )

/** A name that is a common name only. */
export const commonName = (text: string): Name =>
  distinguishedName([[ID_COMMON_NAME, { utf8String: text }]])

/** Nobody's guess, positive, and of one length: its first byte is 0x40 to 0x7f (RFC 5280, 4.1.2.2). */
export function serialNumber(): Bytes {
  const serial = crypto.getRandomValues(new Uint8Array(SERIAL_LEN))
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40
  return serial
}

export const derOf = (value: object): ArrayBuffer => AsnConvert.serialize(value)

/** An extension around DER, or around bytes that are their own encoding. */
export function extension(extnID: string, value: ArrayBuffer | Bytes, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(value) })
}

/** @param bits of `KeyUsageFlags` */
export const keyUsage = (bits: number): Extension =>
  extension(id_ce_keyUsage, derOf(new KeyUsage(bits)), true)

/** Says that this is an authority. @param pathLength how many may stand below; no limit unless told */
export function caConstraints(pathLength?: number): Extension {
  const limit = pathLength === undefined ? {} : { pathLenConstraint: pathLength }
  return extension(
    id_ce_basicConstraints,
    derOf(new BasicConstraints({ cA: true, ...limit })),
    true,
  )
}

export const serverAuth = (): Extension =>
  extension(id_ce_extKeyUsage, derOf(new ExtendedKeyUsage([id_kp_serverAuth])))

export const subjectKeyId = (keyId: Bytes): Extension =>
  extension(id_ce_subjectKeyIdentifier, derOf(new SubjectKeyIdentifier(keyId)))

export const authorityKeyId = (keyId: Bytes): Extension =>
  extension(
    id_ce_authorityKeyIdentifier,
    derOf(new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyId) })),
  )

/** What a server is called: DNS names, and addresses. */
export const alternativeNames = (
  names: readonly { readonly dns?: string; readonly ip?: string }[],
): Extension =>
  extension(
    id_ce_subjectAltName,
    derOf(
      new SubjectAlternativeName(
        names.map(
          ({ dns, ip }) =>
            new GeneralName(ip === undefined ? { dNSName: dns as string } : { iPAddress: ip }),
        ),
      ),
    ),
  )

/** What a certificate says. */
export interface CertificateContent {
  /** Content of the INTEGER: big-endian, its first bit not set. */
  readonly serial: ArrayBuffer | Bytes
  /** How the issuer signs. */
  readonly signature: AlgorithmIdentifier
  readonly issuer: Name
  readonly subject: Name
  readonly notBefore: Date
  readonly notAfter: Date
  /** DER SubjectPublicKeyInfo of the subject. */
  readonly spki: ArrayBuffer | Uint8Array
  readonly extensions: readonly Extension[]
}

/** A certificate of version 3 that wants a signature over its DER (`derOf`). */
export function toBeSigned(content: CertificateContent): TBSCertificate {
  const { serial, signature, issuer, subject, notBefore, notAfter, spki, extensions } = content
  return new TBSCertificate({
    version: Version.v3,
    serialNumber: serial instanceof ArrayBuffer ? serial : serial.slice().buffer,
    signature,
    issuer,
    validity: new Validity({ notBefore, notAfter }),
    subject,
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    extensions: new Extensions([...extensions]),
  })
}

/** DER of the certificate. @param signatureValue by the algorithm that `tbs` names */
export function signed(tbs: TBSCertificate, signatureValue: ArrayBuffer): Bytes {
  const certificate = new Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: tbs.signature,
    signatureValue,
  })
  return new Uint8Array(AsnConvert.serialize(certificate))
}

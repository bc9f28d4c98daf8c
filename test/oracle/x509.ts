// SPDX-License-Identifier: Apache-2.0
// Certificates and CRLs as a general library of other authors reads them.

import { AsnConvert } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  Certificate,
  CertificateList,
  type Extension,
  KeyUsage,
  type Name,
} from '@peculiar/asn1-x509'
import { hex } from '../helpers.js'

const LABELS: Record<string, string> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
}

const bytes = (buffer: ArrayBuffer) => hex(new Uint8Array(buffer))

function name(rdns: Name): string {
  return rdns
    .map((rdn) =>
      rdn
        .map(({ type, value }) => {
          const text = escaped(value.toString())
          return `${LABELS[type] ?? type}=${text}`
        })
        .join('+'),
    )
    .join(', ')
}

/** Separators behind a backslash, what cannot be seen as its bytes. */
const escaped = (value: string): string =>
  [...value]
    .map((c) => {
      if (/[\\,+=]/.test(c)) return `\\${c}`
      return /[\p{C}\p{Z}]/u.test(c) && !/\p{Zs}/u.test(c)
        ? Buffer.from(c).toString('hex').replaceAll(/../g, '\\$&')
        : c
    })
    .join('')

const serial = (buffer: ArrayBuffer) => bytes(buffer).replace(/^00(?=..)/, '')

const extensions = (list: readonly Extension[] = []) =>
  // Not a plain array: its map would make another of its kind.
  Array.from(list, ({ extnID, extnValue }) => [extnID, bytes(extnValue.buffer)])

function inExtension<T>(list: readonly Extension[] = [], oid: string, type: new () => T) {
  const found = list.find(({ extnID }) => extnID === oid)
  return found && AsnConvert.parse(found.extnValue, type)
}

export function readCertificate(der: Uint8Array) {
  const {
    tbsCertificate: tbs,
    tbsCertificateRaw,
    signatureValue,
  } = AsnConvert.parse(der, Certificate)
  const basic = inExtension(tbs.extensions, '2.5.29.19', BasicConstraints)
  return {
    subject: name(tbs.subject),
    issuer: name(tbs.issuer),
    serial: serial(tbs.serialNumber),
    notBefore: tbs.validity.notBefore.getTime().toISOString(),
    notAfter: tbs.validity.notAfter.getTime().toISOString(),
    spki: bytes(AsnConvert.serialize(tbs.subjectPublicKeyInfo)),
    isCa: basic?.cA ?? false,
    pathLength: basic?.pathLenConstraint,
    keyUsage: inExtension(tbs.extensions, '2.5.29.15', KeyUsage)?.toNumber(),
    extensions: extensions(tbs.extensions),
    tbs: bytes(tbsCertificateRaw as ArrayBuffer),
    signature: bytes(signatureValue),
  }
}

export function readCrl(der: Uint8Array) {
  const { tbsCertList: tbs, tbsCertListRaw, signature } = AsnConvert.parse(der, CertificateList)
  return {
    issuer: name(tbs.issuer),
    thisUpdate: tbs.thisUpdate.getTime().toISOString(),
    nextUpdate: tbs.nextUpdate?.getTime().toISOString(),
    revoked: (tbs.revokedCertificates ?? []).map(({ userCertificate }) => serial(userCertificate)),
    tbs: bytes(tbsCertListRaw as ArrayBuffer),
    signature: bytes(signature),
  }
}

/** The same content in the one encoding that DER allows. */
export const encodeCertificate = (der: Uint8Array) =>
  bytes(AsnConvert.serialize(AsnConvert.parse(der, Certificate)))

export const encodeCrl = (der: Uint8Array) =>
  bytes(AsnConvert.serialize(AsnConvert.parse(der, CertificateList)))

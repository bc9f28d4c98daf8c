// SPDX-License-Identifier: Apache-2.0
// Issues certificates the way NVIDIA does for its devices.

import { type Extension, KeyUsageFlags, type Name } from '@peculiar/asn1-x509'
import type { Bytes } from '../core/private-copy.js'
import {
  authorityKeyId,
  caConstraints,
  distinguishedName,
  ECDSA_SHA_384,
  keyUsage,
  type NamePart,
  subjectKeyId,
  toBeSigned,
} from '../service/x509-write.js'
import { signCertificate } from './x509.js'

/** Somebody with a name and a key, P-384. */
export interface Party {
  readonly name: Name
  readonly keys: CryptoKeyPair
  readonly spki: Bytes
  /** SHA-1 of the public key. */
  readonly keyId: Bytes
}

/** What a certificate says besides who and whose. */
export interface Content {
  /** Bits of `KeyUsageFlags`. */
  readonly usage: number
  readonly serial: Bytes
  readonly notBefore: Date
  /** Never, unless told. */
  readonly notAfter?: Date
  /** How many authorities may stand below; without a limit unless told. */
  readonly pathLength?: number
  readonly extensions?: readonly Extension[]
}

const P384: EcKeyGenParams = { name: 'ECDSA', namedCurve: 'P-384' }
/** An uncompressed point, with which the SPKI ends. */
const POINT_LEN = 97
/** RFC 5280, 4.1.2.5: no end. */
const NO_END = new Date('9999-12-31T23:59:59Z')

/** @param nameOf some names have in them the identifier of the key */
export async function generateParty(nameOf: (keyId: Bytes) => readonly NamePart[]): Promise<Party> {
  const keys = await crypto.subtle.generateKey(P384, true, ['sign', 'verify'])
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey))
  const point = spki.subarray(spki.length - POINT_LEN)
  const keyId = new Uint8Array(await crypto.subtle.digest('SHA-1', point))
  return { name: distinguishedName(nameOf(keyId)), keys, spki, keyId }
}

/** A certificate for one party, signed by another or by itself; DER. */
export async function issue(subject: Party, issuer: Party, content: Content): Promise<Bytes> {
  const { usage, serial, notBefore, notAfter = NO_END, pathLength } = content
  const ca = (usage & KeyUsageFlags.keyCertSign) !== 0
  const tbs = toBeSigned({
    serial,
    signature: ECDSA_SHA_384,
    issuer: issuer.name,
    subject: subject.name,
    notBefore,
    notAfter,
    spki: subject.spki,
    extensions: [
      ...(ca ? [caConstraints(pathLength)] : []),
      keyUsage(usage),
      subjectKeyId(subject.keyId),
      authorityKeyId(issuer.keyId),
      ...(content.extensions ?? []),
    ],
  })
  return signCertificate(tbs, issuer.keys.privateKey)
}

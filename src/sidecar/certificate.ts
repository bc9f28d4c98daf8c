// SPDX-License-Identifier: Apache-2.0
// The self-signed certificate of AEP-83: it carries the key, and says nothing that anybody should
// believe. Whose key it is, the evidence says.

import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
} from '@peculiar/asn1-x509'
import type { Bytes } from '../core/private-copy.js'

/** AEP-83: the name of the container, too. */
const COMMON_NAME = 'akash-attestation-sidecar'
const ID_COMMON_NAME = '2.5.4.3'
/** ecdsa-with-SHA384 (RFC 5758, section 3.2). */
const ECDSA_SHA_384 = new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.3' })
/** X.509 counts from zero. */
const V3 = 2

export interface CertificateOptions {
  /** Private key of P-384. */
  readonly key: KeyObject
  /** Big-endian, positive, its first byte neither 0 nor above 0x7f (RFC 5280, section 4.1.2.2). */
  readonly serial: Bytes
  readonly notBefore: Date
  readonly notAfter: Date
}

/** DER of a certificate of P-384, signed by its own key. */
export function selfSigned({ key, serial, notBefore, notAfter }: CertificateOptions): Bytes {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const name = new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({
        type: ID_COMMON_NAME,
        value: new AttributeValue({ utf8String: COMMON_NAME }),
      }),
    ]),
  ])
  const tbs = new TBSCertificate({
    version: V3,
    serialNumber: serial.buffer,
    signature: ECDSA_SHA_384,
    issuer: name,
    validity: new Validity({ notBefore, notAfter }),
    subject: name,
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
    extensions: new Extensions([
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
      extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth]), false),
    ]),
  })
  const signature = sign('sha384', new Uint8Array(AsnConvert.serialize(tbs)), key)
  const certificate = new Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: ECDSA_SHA_384,
    signatureValue: new Uint8Array(signature).buffer,
  })
  return new Uint8Array(AsnConvert.serialize(certificate))
}

function extension(extnID: string, value: object, critical: boolean): Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value))
  return new Extension({ extnID, critical, extnValue })
}

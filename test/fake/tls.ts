// SPDX-License-Identifier: Apache-2.0
// TLS identities of the test world: a P-384 key and its self-signed certificate, as the sidecar of
// AEP-83 makes them.

import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  Extension,
  Extensions,
  GeneralName,
  id_ce_subjectAltName,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
} from '@peculiar/asn1-x509'
import type { Bytes } from '../../src/core/private-copy.js'
import { pem } from './amd.js'

export interface TlsIdentity {
  /** PEM. */
  readonly key: string
  /** PEM. */
  readonly cert: string
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Bytes
}

const ECDSA_SHA_384 = new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.3' })
const CN = '2.5.4.3'

/** @param address an IP address that the certificate is good for; none, like the Go sidecar's */
export function mintTls(address?: string): TlsIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-384',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const spki = new Uint8Array(createPublicKey(publicKey).export({ type: 'spki', format: 'der' }))
  const name = new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({
        type: CN,
        value: new AttributeValue({ utf8String: 'akash-attestation-sidecar' }),
      }),
    ]),
  ])
  const tbs = new TBSCertificate({
    version: 2,
    serialNumber: Uint8Array.of(1).buffer,
    signature: ECDSA_SHA_384,
    issuer: name,
    validity: new Validity({
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: new Date('2049-12-31T00:00:00Z'),
    }),
    subject: name,
    subjectPublicKeyInfo: AsnConvert.parse(spki, SubjectPublicKeyInfo),
  })
  if (address !== undefined) {
    const names = new SubjectAlternativeName([new GeneralName({ iPAddress: address })])
    const extnValue = new OctetString(AsnConvert.serialize(names))
    tbs.extensions = new Extensions([new Extension({ extnID: id_ce_subjectAltName, extnValue })])
  }
  const signature = sign('sha384', new Uint8Array(AsnConvert.serialize(tbs)), privateKey)
  const certificate = new Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: ECDSA_SHA_384,
    signatureValue: new Uint8Array(signature).buffer,
  })
  const der = new Uint8Array(AsnConvert.serialize(certificate))
  return { key: privateKey, cert: pem(der), spki }
}

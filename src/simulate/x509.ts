// SPDX-License-Identifier: Apache-2.0
// Issues certificates and CRLs the way vendors do: X.509, signed by AMD with RSASSA-PSS, SHA-384, MGF1
// with SHA-384 and a salt of 48 bytes, by NVIDIA with ECDSA and SHA-384.

import { id_mgf1, id_RSASSA_PSS, id_sha384, RsaSaPssParams } from '@peculiar/asn1-rsa'
import { AsnConvert, AsnIA5StringConverter, AsnIntegerConverter } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  CertificateList,
  type Name,
  type TBSCertificate,
  type TBSCertList,
} from '@peculiar/asn1-x509'
import type { Bytes } from '../core/private-copy.js'
import { distinguishedName, signed } from '../service/x509-write.js'
import { ecdsaValue } from './der.js'

export type { Bytes }

const SALT_LENGTH = 48
const SHA_384 = new AlgorithmIdentifier({ algorithm: id_sha384, parameters: null })

/** The signature algorithm of every certificate and CRL of AMD's. */
export const PSS_SHA_384 = new AlgorithmIdentifier({
  algorithm: id_RSASSA_PSS,
  parameters: AsnConvert.serialize(
    new RsaSaPssParams({
      hashAlgorithm: SHA_384,
      maskGenAlgorithm: new AlgorithmIdentifier({
        algorithm: id_mgf1,
        parameters: AsnConvert.serialize(SHA_384),
      }),
      saltLength: SALT_LENGTH,
    }),
  ),
})

/** Relative names as AMD orders them, around a common name. */
export const vendorName = (commonName: string): Name =>
  distinguishedName([
    ['2.5.4.11', { utf8String: 'Engineering' }],
    ['2.5.4.6', { printableString: 'US' }],
    ['2.5.4.7', { utf8String: 'Santa Clara' }],
    ['2.5.4.8', { utf8String: 'CA' }],
    ['2.5.4.10', { utf8String: 'Advanced Micro Devices' }],
    ['2.5.4.3', { utf8String: commonName }],
  ])

/** A number of up to 31 bits as the content of an INTEGER. */
export function bigEndian(value: number): ArrayBuffer {
  const bytes = [value >>> 24, value >>> 16, value >>> 8, value].map((octet) => octet & 0xff)
  const first = bytes.findIndex((octet, at) => octet !== 0 || (bytes[at + 1] ?? 0x80) >= 0x80)
  return Uint8Array.from(bytes.slice(first)).buffer
}

export const derInteger = (value: number): ArrayBuffer =>
  AsnIntegerConverter.toASN(value).toBER(false)

export const derText = (value: string): ArrayBuffer =>
  AsnIA5StringConverter.toASN(value).toBER(false)

/** DER of the certificate, signed by the RSA-PSS or ECDSA key of its issuer. */
export async function signCertificate(tbs: TBSCertificate, issuer: CryptoKey): Promise<Bytes> {
  return signed(tbs, await sign(AsnConvert.serialize(tbs), issuer))
}

/** DER of the CRL, signed by the RSA-PSS key of its issuer. */
export async function signCrl(tbs: TBSCertList, issuer: CryptoKey): Promise<Bytes> {
  const crl = new CertificateList({
    tbsCertList: tbs,
    signatureAlgorithm: tbs.signature,
    signature: await sign(AsnConvert.serialize(tbs), issuer),
  })
  return new Uint8Array(AsnConvert.serialize(crl))
}

async function sign(data: ArrayBuffer, key: CryptoKey): Promise<ArrayBuffer> {
  if (key.algorithm.name !== 'ECDSA') {
    return crypto.subtle.sign({ name: 'RSA-PSS', saltLength: SALT_LENGTH }, key, data)
  }
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-384' }, key, data)
  return ecdsaValue(new Uint8Array(signature)).buffer
}

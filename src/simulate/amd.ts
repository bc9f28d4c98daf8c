// SPDX-License-Identifier: Apache-2.0
// A throwaway AMD: a root, an intermediate and an endorsement key of one product, and the list of what
// its root has revoked. Nobody trusts its root unless handed it by name.

import {
  CRLNumber,
  id_ce_cRLNumber,
  RevokedCertificate,
  TBSCertList,
  Time,
} from '@peculiar/asn1-x509'
import type { Product } from '../core/snp.js'
import { derOf, extension } from '../service/x509-write.js'
import { type AmdIdentity, type AmdKeys, amdTemplates, rootCommonName } from './amd-templates.js'
import { signWith } from './snp-report.js'
import { type Bytes, bigEndian, PSS_SHA_384, signCertificate, signCrl, vendorName } from './x509.js'

export type { AmdIdentity, AmdKeys } from './amd-templates.js'

/** Certificates, DER. */
export interface MintedAmd {
  readonly ark: Bytes
  /** The ASK or the ASVK. */
  readonly authority: Bytes
  /** The VCEK or the VLEK. */
  readonly vek: Bytes
}

export interface CrlContent {
  readonly product: Product
  readonly number: number
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  /** Serials of certificates that the root issued. */
  readonly revoked: readonly number[]
}

/** Half of AMD's size: nobody attacks a key that nobody trusts, and it is made at once. */
const MODULUS_LENGTH = 2048
const RSA: RsaHashedKeyGenParams = {
  name: 'RSA-PSS',
  hash: 'SHA-384',
  modulusLength: MODULUS_LENGTH,
  publicExponent: Uint8Array.of(1, 0, 1),
}
const P384: EcKeyGenParams = { name: 'ECDSA', namedCurve: 'P-384' }
const CRL_VERSION_2 = 1

export async function generateAmdKeys(): Promise<AmdKeys> {
  const [ark, authority, vek] = await Promise.all([
    crypto.subtle.generateKey(RSA, false, ['sign', 'verify']),
    crypto.subtle.generateKey(RSA, false, ['sign', 'verify']),
    // Whoever mints a machine may hand it to another process.
    crypto.subtle.generateKey(P384, true, ['sign', 'verify']),
  ])
  return { ark, authority, vek }
}

/** A root, an intermediate below it, and an endorsement key below that. */
export async function mintAmd(identity: AmdIdentity, keys: AmdKeys): Promise<MintedAmd> {
  const templates = await amdTemplates(identity, keys)
  const [ark, authority, vek] = await Promise.all([
    signCertificate(templates.ark, keys.ark.privateKey),
    signCertificate(templates.authority, keys.ark.privateKey),
    signCertificate(templates.vek, keys.authority.privateKey),
  ])
  return { ark, authority, vek }
}

/** The CRL of a root, DER. */
export function mintCrl(content: CrlContent, { ark }: AmdKeys): Promise<Bytes> {
  return signCrl(crlTemplate(content), ark.privateKey)
}

/** Like AMD's, it has no list at all when nothing is revoked. */
export function crlTemplate({
  product,
  number,
  thisUpdate,
  nextUpdate,
  revoked,
}: CrlContent): TBSCertList {
  const entries = revoked.map(
    (serial) =>
      new RevokedCertificate({
        userCertificate: bigEndian(serial),
        revocationDate: new Time(thisUpdate),
      }),
  )
  return new TBSCertList({
    version: CRL_VERSION_2,
    signature: PSS_SHA_384,
    issuer: vendorName(rootCommonName(product)),
    thisUpdate: new Time(thisUpdate),
    nextUpdate: new Time(nextUpdate),
    ...(entries.length > 0 && { revokedCertificates: entries }),
    crlExtensions: [extension(id_ce_cRLNumber, derOf(new CRLNumber(number)))],
  })
}

/** A copy of a report, signed by an endorsement key. */
export const signReport = (report: Uint8Array, { vek }: AmdKeys): Promise<Bytes> =>
  signWith(vek.privateKey, report)

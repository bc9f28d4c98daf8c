// SPDX-License-Identifier: Apache-2.0
// A serving certificate under an authority of its own. The key of the authority signs this once and is
// then forgotten: nobody can steal it, and every renewal brings an authority that overlaps with the last.

import { createHash, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type Extension, KeyUsageFlags, type TBSCertificate } from '@peculiar/asn1-x509'
import type { Bytes } from '../core/private-copy.js'
import {
  alternativeNames,
  authorityKeyId,
  caConstraints,
  commonName,
  derOf,
  ECDSA_SHA_256,
  keyUsage,
  serialNumber,
  serverAuth,
  signed,
  subjectKeyId,
  toBeSigned,
} from '../service/x509-write.js'

/** With this begins the name of every authority that is ours. */
const AUTHORITY_PREFIX = 'assay-webhook-ca '
const SERVER_NAME = 'assay-webhook'
/** Tells authorities apart that were made in the same second. */
const SUFFIX_LEN = 4

const HOUR_MS = 3_600_000
/** Nodes whose clock is behind take a new certificate, too. */
export const BACKDATED_MS = HOUR_MS

export interface IssueOptions {
  /** DNS names and IP addresses of the server. */
  readonly names: readonly string[]
  readonly now: Date
  /** From now on. */
  readonly lifetimeMs: number
}

export interface Issued {
  readonly authority: X509Certificate
  readonly certificate: X509Certificate
  /** Of the certificate: P-256, PKCS#8 in PEM. */
  readonly key: string
}

export function issueServing({ names, now, lifetimeMs }: IssueOptions): Issued {
  // Seconds are all that a certificate says.
  const second = Math.floor(now.getTime() / 1000) * 1000
  const lifetime = {
    notBefore: new Date(second - BACKDATED_MS),
    notAfter: new Date(second + lifetimeMs),
  }
  const authority = keyPair()
  const server = keyPair()
  const write = (subject: string, { spki }: Pair, extensions: readonly Extension[]) => {
    const tbs = toBeSigned({
      ...lifetime,
      serial: serialNumber(),
      signature: ECDSA_SHA_256,
      issuer: commonName(name),
      subject: commonName(subject),
      spki,
      extensions,
    })
    return seal(tbs, authority.key)
  }
  const suffix = Buffer.from(authority.keyId).toString('hex', 0, SUFFIX_LEN)
  const name = `${AUTHORITY_PREFIX}${new Date(second).toISOString().replace('.000', '')} ${suffix}`
  const links = [authorityKeyId(authority.keyId)]
  return {
    authority: write(name, authority, [
      caConstraints(0),
      keyUsage(KeyUsageFlags.keyCertSign),
      subjectKeyId(authority.keyId),
      ...links,
    ]),
    certificate: write(SERVER_NAME, server, [
      keyUsage(KeyUsageFlags.digitalSignature),
      serverAuth(),
      alternativeNames(names.map((one) => (isIP(one) === 0 ? { dns: one } : { ip: one }))),
      subjectKeyId(server.keyId),
      ...links,
    ]),
    key: server.key.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

interface Pair {
  readonly key: KeyObject
  /** DER. */
  readonly spki: Uint8Array
  readonly keyId: Bytes
}

function keyPair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  // Anything that differs from key to key serves (RFC 5280, 4.2.1.2).
  const keyId = new Uint8Array(createHash('sha256').update(spki).digest().subarray(0, 20))
  return { key: privateKey, spki, keyId }
}

function seal(tbs: TBSCertificate, key: KeyObject): X509Certificate {
  const signature = sign('sha256', new Uint8Array(derOf(tbs)), key)
  return new X509Certificate(signed(tbs, new Uint8Array(signature).buffer))
}

/** Whether an authority was made here, by its name. */
export const isOurs = ({ subject }: X509Certificate): boolean =>
  subject.startsWith(`CN=${AUTHORITY_PREFIX}`)

export const notBefore = (certificate: X509Certificate): Date => new Date(certificate.validFrom)

export const notAfter = (certificate: X509Certificate): Date => new Date(certificate.validTo)

/** When one of ours was made, by the clock of whoever made it. */
export const madeAt = (certificate: X509Certificate): Date =>
  new Date(notBefore(certificate).getTime() + BACKDATED_MS)

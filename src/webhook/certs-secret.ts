// SPDX-License-Identifier: Apache-2.0
// The Secret of the serving certificate, read strictly, and written. Its `ca.crt` has the authority of
// the certificate first, then those of predecessors that pods may still serve: from it a `caBundle` that
// somebody wiped is restored whole.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { V1ObjectMeta, V1Secret } from '@kubernetes/client-node'
import { type Issued, isOurs } from './certs-issue.js'

export const SECRET_KEYS = {
  certificate: 'tls.crt',
  key: 'tls.key',
  authorities: 'ca.crt',
} as const

/** Base64, as Kubernetes wants bytes. */
export type SecretData = Readonly<Record<string, string>>

/** What is in a Secret of ours. */
export interface Held {
  readonly certificate: X509Certificate
  /** The first one issued the certificate. */
  readonly authorities: readonly [X509Certificate, ...X509Certificate[]]
}

/** `none`: there is no Secret, or it holds nothing. `foreign`: `why` goes after the Secret's name. */
export type Found =
  | { readonly kind: 'none' }
  | { readonly kind: 'held'; readonly held: Held }
  | { readonly kind: 'foreign'; readonly why: string }

const CERT_MANAGER = 'cert-manager.io/certificate-name'
/** A body has no hyphen, so that matching stops at the first one and stays linear. */
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

export function readHeld(secret: V1Secret | null): Found {
  const data = secret?.data ?? {}
  if (Object.values(data).every((value) => value === '')) return { kind: 'none' }
  if (secret?.metadata?.annotations?.[CERT_MANAGER] !== undefined) {
    return foreign('is cert-manager’s')
  }
  const text = (name: string) => Buffer.from(data[name] ?? '', 'base64').toString()
  const [certificate, ...others] = certificates(text(SECRET_KEYS.certificate)).readable
  const [authority, ...predecessors] = certificates(text(SECRET_KEYS.authorities)).readable
  if (certificate === undefined || others.length > 0) {
    return foreign(`does not have one certificate in ${SECRET_KEYS.certificate}`)
  }
  if (!matches(text(SECRET_KEYS.key), certificate)) {
    return foreign(`has a ${SECRET_KEYS.key} that is not that of its ${SECRET_KEYS.certificate}`)
  }
  if (!authority || !certificate.verify(authority.publicKey)) {
    return foreign(
      `does not begin its ${SECRET_KEYS.authorities} with the issuer of its certificate`,
    )
  }
  if (!isOurs(authority)) return foreign('holds a certificate that was not made by this command')
  return { kind: 'held', held: { certificate, authorities: [authority, ...predecessors] } }
}

const foreign = (why: string): Found => ({ kind: 'foreign', why })

/** Whether this is the private key of the certificate. */
function matches(key: string, certificate: X509Certificate): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

export interface Certificates {
  readonly readable: readonly X509Certificate[]
  /** Whether there was anything else. */
  readonly damaged: boolean
}

/** Certificates of PEM text, as Go reads it: what is no certificate is passed over. */
export function certificates(text: string): Certificates {
  let damaged = text.replaceAll(BLOCK, '').trim() !== ''
  const readable = [...text.matchAll(BLOCK)].flatMap(([block]) => {
    try {
      return [new X509Certificate(block)]
    } catch {
      damaged = true
      return []
    }
  })
  return { readable, damaged }
}

/** PEM of certificates, base64 as Kubernetes wants bytes. */
export const encoded = (all: readonly X509Certificate[]): string =>
  Buffer.from(all.map((one) => one.toString()).join('')).toString('base64')

/** What a Secret holds after an issue. */
export const issuedData = (
  { authority, certificate, key }: Issued,
  predecessors: readonly X509Certificate[],
): SecretData => ({
  [SECRET_KEYS.certificate]: encoded([certificate]),
  [SECRET_KEYS.key]: Buffer.from(key).toString('base64'),
  ...authoritiesData([authority, ...predecessors]),
})

export const authoritiesData = (all: readonly X509Certificate[]): SecretData => ({
  [SECRET_KEYS.authorities]: encoded(all),
})

/** The Secret there is, or a new one, with these data in it. */
export function secretWith(
  data: SecretData,
  there: V1Secret | null,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): V1Secret {
  if (there !== null) {
    // The server keeps its own record of managers where none is sent.
    const { managedFields: _, ...metadata } = there.metadata as V1ObjectMeta
    return { ...there, metadata, data: { ...there.data, ...data } }
  }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'assay-webhook-certs' },
    },
    data: { ...data },
  }
}

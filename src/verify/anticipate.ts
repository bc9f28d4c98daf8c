// SPDX-License-Identifier: Apache-2.0
// The work that WebCrypto will be asked for on the way from a key to its root, started all at once:
// an appraisal asks for one thing after the other, and finds most of it done. Nothing is decided
// here. What is asked for twice is done once.

import type { Crl } from './crl.js'
import { PINNED, sha256 } from './roots.js'
import { isSignedBy } from './signature.js'
import type { Signed } from './signed.js'
import type { Vek } from './vek.js'
import type { Certificate, Identity } from './x509.js'

/** What was presented, as far as it is signed and not AMD's own. */
export interface Presented {
  readonly veks: readonly Vek[]
  readonly others: readonly Certificate[]
  readonly crls: readonly Crl[]
}

/** More than an honest host has to show: whoever shows more waits for what is needed of it. */
const MAX_OBJECTS = 8

export function anticipate({ veks, others, crls }: Presented): void {
  const certificates = [...veks.map(({ certificate }) => certificate), ...others]
  if (certificates.length + crls.length > MAX_OBJECTS) return
  for (const one of certificates) {
    start(one, one.subject === one.issuer ? [one] : [...PINNED, ...others])
  }
  for (const crl of crls) {
    const own = others.filter(({ subject }) => subject === crl.issuer)
    start(crl, own.length > 0 ? own : PINNED)
  }
  // By their digests the claims name the keys.
  for (const { spki } of certificates) sha256(spki)
}

function start(child: Signed & { readonly issuer: string }, issuers: readonly Identity[]): void {
  for (const issuer of issuers) if (issuer.subject === child.issuer) isSignedBy(child, issuer)
}

// SPDX-License-Identifier: Apache-2.0
// Revocation. An AMD root lists the intermediates it took back. It cannot list VEKs: their serial is
// always zero, and another key issued them; AMD retires those by raising the TCB (AMD 57230).

import type { Known, Path } from './chain.js'
import type { Crl } from './crl.js'
import { blocked, type Finding, fail, type Problem, pass, unknown } from './result.js'
import { PINNED, pinnedKey } from './roots.js'
import { isSignedBy } from './signature.js'
import type { Identity } from './x509.js'
import { CRL_SIGN } from './x509-extensions.js'

const CHECK = 'snp.revocation'

/**
 * Judges the intermediate of a path by the CRLs that were presented. Null when there are none to
 * judge by, unless AMD is known to have revoked it.
 */
export async function checkRevocation(
  { authority, root, problem }: Path,
  crls: readonly Crl[],
  at: Date,
): Promise<Finding | null> {
  if (authority && pinnedKey(authority)?.revoked) {
    return fail(CHECK, 'ERR_CERTIFICATE_REVOKED', 'AMD has revoked and replaced this intermediate')
  }
  if (crls.length === 0) return null
  if (!authority || !root) return blocked(CHECK, problem as Problem)
  const own = crls.filter(({ issuer }) => issuer === root.subject)
  if (own.length === 0) {
    return unknown(CHECK, 'ERR_ENDORSEMENT_MISSING', 'no CRL of this root was presented')
  }
  const genuine = await Promise.all(own.map((crl) => isIssuedBy(crl, root)))
  if (genuine.includes(false)) return fail(CHECK, 'ERR_CRL', 'a CRL is not signed by the root')
  // Whenever it was issued: a key that was taken back is not trusted for earlier times either.
  if (own.some(({ revoked }) => revoked.has(authority.serial) || revoked.has(root.serial))) {
    return fail(CHECK, 'ERR_CERTIFICATE_REVOKED', 'a CRL lists a certificate of the chain')
  }
  return own.some(({ thisUpdate, nextUpdate }) => thisUpdate <= at && at <= nextUpdate)
    ? pass(CHECK, 'no certificate of the chain is on the CRL of its root')
    : unknown(CHECK, 'ERR_CRL_STALE', 'no CRL was current at the time of the appraisal')
}

/** Whether a CRL of some other root is genuine all the same; what is not is a problem. */
export async function vouchCrl(crl: Crl, known: Known): Promise<Problem | null> {
  const issuers: readonly Identity[] = [...PINNED, ...known.roots]
  for (const issuer of issuers) {
    if (issuer.subject === crl.issuer && (await isIssuedBy(crl, issuer))) return null
  }
  return { code: 'ERR_CRL', detail: 'a CRL is not signed by a root that is trusted' }
}

async function isIssuedBy(crl: Crl, issuer: Identity): Promise<boolean> {
  const { keyUsage = CRL_SIGN } = issuer
  return (keyUsage & CRL_SIGN) !== 0 && isSignedBy(crl, issuer)
}

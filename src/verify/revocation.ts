// SPDX-License-Identifier: Apache-2.0
// Revocation. An AMD root lists the intermediates it took back. It cannot list VEKs: their serial is
// always zero, and another key issued them; AMD retires those by raising the TCB (AMD 57230).

import type { Known } from './chain.js'
import type { Crl } from './crl.js'
import type { EndorseProblem } from './endorse.js'
import type { CheckedAppraisal } from './options.js'
import type { Policy, SnpPolicy } from './policy.js'
import { blocked, type Finding, fail, type Problem, pass, unknown } from './result.js'
import { PINNED, pinnedKey } from './roots.js'
import { isSignedBy } from './signature.js'
import type { Key } from './snp-findings.js'
import type { Vek } from './vek.js'
import type { Identity } from './x509.js'
import { CRL_SIGN } from './x509-extensions.js'

const CHECK = 'snp.revocation'

const DAY_MS = 86_400_000

/** What the policy asks of revocation data; nothing of evidence that it refuses as a whole. */
export const revocationRule = ({ snp }: Policy): SnpPolicy['revocation'] => snp?.revocation ?? 'any'

/**
 * Judges the certificates of a path by the CRLs at hand. Null when there are none, none is required,
 * and AMD is not known to have revoked the intermediate.
 */
export async function checkRevocation(
  { vek, path }: Key,
  crls: readonly Crl[],
  { policy, at }: Pick<CheckedAppraisal, 'policy' | 'at'>,
  unfetched: readonly EndorseProblem[],
): Promise<Finding | null> {
  const { authority, root, problem } = path
  const rule = revocationRule(policy)
  if (authority && pinnedKey(authority)?.revoked) {
    return fail(CHECK, 'ERR_CERTIFICATE_REVOKED', 'AMD has revoked and replaced this intermediate')
  }
  if (crls.length === 0 && rule === 'any') return null
  if (!authority || !root) return blocked(CHECK, problem as Problem)
  const own = crls.filter(({ issuer }) => issuer === root.subject)
  if (own.length === 0) {
    const { code, detail } = unfetched.find(({ of }) => of === 'crl') ?? MISSING
    return unknown(CHECK, code, `no CRL of this root is at hand: ${detail}`)
  }
  const genuine = await Promise.all(own.map((crl) => isIssuedBy(crl, root)))
  if (genuine.includes(false)) return fail(CHECK, 'ERR_CRL', 'a CRL is not signed by the root')
  const serials = [authority.serial, root.serial, ...leafSerial(vek)]
  // Whenever it was issued: a key that was taken back is not trusted for earlier times either.
  if (own.some(({ revoked }) => serials.some((serial) => revoked.has(serial)))) {
    return fail(CHECK, 'ERR_CERTIFICATE_REVOKED', 'a CRL lists a certificate of the chain')
  }
  const oldest = rule === 'any' ? 0 : at.getTime() - rule.maximumAgeDays * DAY_MS
  return own.some((crl) => isCurrent(crl, at) && crl.thisUpdate.getTime() >= oldest)
    ? pass(CHECK, 'no certificate of the chain is on the CRL of its root')
    : stale(own, at)
}

const MISSING: Problem = { code: 'ERR_ENDORSEMENT_MISSING', detail: 'none was presented' }

/** Zero on every endorsement key so far, and then it names none of them. */
const leafSerial = ({ certificate: { serial } }: Vek): string[] => (serial === '00' ? [] : [serial])

const isCurrent = ({ thisUpdate, nextUpdate }: Crl, at: Date): boolean =>
  thisUpdate <= at && at <= nextUpdate

function stale(own: readonly Crl[], at: Date): Finding {
  const [newest] = own.toSorted((a, b) => b.thisUpdate.getTime() - a.thisUpdate.getTime()) as [Crl]
  const period = `${newest.thisUpdate.toISOString()} to ${newest.nextUpdate.toISOString()}`
  const detail = isCurrent(newest, at)
    ? `the CRL is older than the policy accepts: ${period}`
    : `no CRL was current at the time of the appraisal; the newest is of ${period}`
  return unknown(CHECK, 'ERR_CRL_STALE', detail)
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

// SPDX-License-Identifier: Apache-2.0
// The path from an endorsement key to a root: who signed whom, and whether each may. Trust comes
// from keys that AMD or the caller vouch for; what was merely presented only helps to find the way.

import { equalBytes } from '../core/bytes.js'
import { authorityOf, rootName, type VekKind, vekKind } from './names.js'
import type { Problem } from './result.js'
import { PINNED, pinnedKey } from './roots.js'
import { isSignedBy } from './signature.js'
import type { Certificate, Identity } from './x509.js'
import { KEY_CERT_SIGN } from './x509-extensions.js'

/** Where candidates for an issuer come from, besides AMD's own. */
export interface Known {
  /** Roots that the caller trusts. */
  readonly roots: readonly Certificate[]
  /** Certificates that came with the evidence. */
  readonly presented: readonly Certificate[]
}

/** Who vouches for a root: AMD's key is in this code, the caller named it, or nobody does. */
export type Anchor = 'vendor' | 'caller' | 'none'

export interface Path {
  readonly vek: Certificate
  /** The ASK or ASVK; null when no certificate we know of signed the VEK. */
  readonly authority: Identity | null
  /** The ARK; null when no certificate we know of signed the authority. */
  readonly root: Identity | null
  readonly anchor: Anchor
  /** The first thing wrong with names, kinds or signatures; null when there is nothing. */
  readonly problem: Problem | null
}

/** Finds the path of a VEK. Validity periods and revocation are judged elsewhere. */
export async function findPath(vek: Certificate, known: Known): Promise<Path> {
  const authority = await issuerOf(vek, [...PINNED, ...known.presented])
  const root = authority && (await rootOf(authority, known))
  return {
    vek,
    authority,
    root,
    anchor: root ? anchorOf(root, known) : 'none',
    problem: await problemOf(vek, authority, root),
  }
}

/** Whether a certificate that is on no path, but was presented, is genuine all the same. */
export async function vouch(certificate: Certificate, known: Known): Promise<Problem | null> {
  const { subject, issuer } = certificate
  if (subject === issuer) {
    if (anchorOf(certificate, known) === 'none') return UNTRUSTED
    return (await isSignedBy(certificate, certificate)) ? null : unsigned('a root', 'itself')
  }
  if (!vekKind(subject)) {
    const issuer = await issuerOf(certificate, [...PINNED, ...known.roots])
    return issuer ? null : unsigned('a certificate', 'a root that is trusted')
  }
  const { anchor, problem } = await findPath(certificate, known)
  return problem ?? (anchor === 'none' ? UNTRUSTED : null)
}

/** A pinned intermediate stands under its root as a constant; any other one has to prove it. */
async function rootOf(authority: Identity, known: Known): Promise<Identity | null> {
  if (isParsed(authority)) {
    return issuerOf(authority, [...PINNED, ...known.roots, ...known.presented])
  }
  return PINNED.find(({ subject }) => subject === authority.issuer) as Identity
}

async function issuerOf(
  child: Certificate,
  candidates: readonly Identity[],
): Promise<Identity | null> {
  for (const candidate of candidates) {
    if (candidate.subject === child.issuer && (await isSignedBy(child, candidate))) return candidate
  }
  return null
}

function anchorOf(root: Identity, { roots }: Known): Anchor {
  if (pinnedKey(root)?.subject === root.subject) return 'vendor'
  return roots.some(({ spki }) => equalBytes(spki, root.spki)) ? 'caller' : 'none'
}

async function problemOf(
  vek: Certificate,
  authority: Identity | null,
  root: Identity | null,
): Promise<Problem | null> {
  const issuing = authorityOf(vek.issuer)
  if (!issuing) return misplaced('the endorsement key certificate names no intermediate of AMD')
  const misfit = vekMisfit(vek, issuing.kind)
  if (misfit) return misplaced(`the endorsement key certificate ${misfit}`)
  if (!authority) return unsigned('the endorsement key certificate', 'the intermediate it names')
  const below = rootName(issuing.product)
  if (isParsed(authority) && !(isIssuer(authority) && authority.issuer === below)) {
    return misplaced('the intermediate is no CA below the root of its product')
  }
  if (!root) return unsigned('the intermediate', 'the root it names')
  if (!isParsed(root)) return null
  if (!mayIssueAuthorities(root)) return misplaced('the root is no CA for intermediates')
  return (await isSignedBy(root, root)) ? null : unsigned('the root', 'itself')
}

/** What keeps a certificate from being an endorsement key, in words; null when nothing does. */
function vekMisfit({ subject, isP384, isCa }: Certificate, kind: VekKind): string | null {
  if (vekKind(subject) !== kind) return 'names an intermediate of the other kind'
  if (isCa) return 'claims to be a CA'
  return isP384 ? null : 'has no P-384 key'
}

/** One intermediate stands between a root and a VEK. */
function mayIssueAuthorities(root: Certificate): boolean {
  return isIssuer(root) && root.subject === root.issuer && (root.pathLength ?? 1) >= 1
}

const isIssuer = ({ isCa, keyUsage = KEY_CERT_SIGN }: Certificate): boolean =>
  isCa && (keyUsage & KEY_CERT_SIGN) !== 0

/** Constants have no certificate to parse; what a certificate would prove was verified once. */
const isParsed = (identity: Identity): identity is Certificate => 'tbs' in identity

const misplaced = (detail: string): Problem => ({ code: 'ERR_CERTIFICATE_CHAIN', detail })

const unsigned = (what: string, by: string): Problem => ({
  code: 'ERR_CERTIFICATE_SIGNATURE',
  detail: `${what} is not signed by ${by}`,
})

export const UNTRUSTED: Problem = {
  code: 'ERR_CERTIFICATE_ROOT',
  detail: 'the root is neither one of AMD nor one that the caller trusts',
}

// SPDX-License-Identifier: Apache-2.0
// What the evidence and the endorsements claim, JSON-ready. Claims are facts only when the result is
// `verified`.

import { decodeTcb, type Product, type SnpReport, type Tcb } from '../core/snp.js'
import { toHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { type Plain, plain } from '../plain.js'
import type { Anchor } from './chain.js'
import type { Crl } from './crl.js'
import { authorityOf, type VekKind } from './names.js'
import { attempt, isThere } from './result.js'
import { sha256 } from './roots.js'
import type { Case } from './snp-findings.js'
import type { Vek } from './vek.js'
import type { Identity } from './x509.js'

/** What SEV-SNP evidence says, and by whose word; worth what the verdict says. */
export interface SnpClaims {
  /** The fields under AMD's names, TCBs decoded if the product is known; null when unreadable. */
  readonly report: { readonly [name: string]: Plain } | null
  /** The VCEK or VLEK certificate that was judged; null when there is none. */
  readonly endorsementKey: EndorsementKeyClaims | null
  /** Null when no path leads to one. */
  readonly root: RootClaims | null
  readonly crls: readonly CrlClaims[]
}

/** What the certificate of the key that signs reports says. */
export interface EndorsementKeyClaims {
  readonly kind: VekKind
  /** By the name of its issuer. */
  readonly product: Product | null
  readonly serial: string
  readonly notBefore: string
  readonly notAfter: string
  /** Names the key, which AMD certifies anew at every request. */
  readonly spkiSha256: string
  /** hwID of a VCEK: 64 bytes, on Turin 8, in hex. */
  readonly chipId: string | null
  readonly cspId: string | null
  readonly tcb: Tcb | null
}

/** The root that the chain ends in, and why it is trusted or not. */
export interface RootClaims {
  /** `vendor`: AMD's. `caller`: trusted because the caller said so. `none`: trusted by nobody. */
  readonly origin: Anchor
  readonly serial: string
  readonly spkiSha256: string
}

/** A CRL that revocation was judged by. Times are ISO 8601 in UTC. */
export interface CrlClaims {
  readonly number: number | null
  readonly thisUpdate: string
  readonly nextUpdate: string
  /** Serials of the revoked certificates. */
  readonly revoked: readonly string[]
}

const TCBS = ['currentTcb', 'reportedTcb', 'committedTcb', 'launchTcb'] as const

export async function claimsOf({ report, key, presented }: Case): Promise<SnpClaims> {
  const { vek, path } = isThere(key) ? key : { vek: null, path: null }
  const product = vek && (authorityOf(vek.certificate.issuer)?.product ?? null)
  let fields: SnpClaims['report'] | undefined
  return {
    // Spelled out when somebody looks: a third of what an appraisal costs beside its signature.
    get report() {
      fields ??= isThere(report) ? reportClaims(report, product ?? report.product) : null
      return fields
    },
    endorsementKey: vek && (await keyClaims(vek, product)),
    root: path?.root ? await rootClaims(path.root, path.anchor) : null,
    crls: presented.crls.map(crlClaims),
  }
}

function reportClaims(report: SnpReport, product: Product | null): { [name: string]: Plain } {
  const claims = plain(report, ['bytes', 'signedBytes', 'signature']) as { [name: string]: Plain }
  for (const name of TCBS) {
    const tcb = product && attempt(() => decodeTcb(report[name], product))
    if (tcb && !(tcb instanceof AttestationError)) claims[name] = plain(tcb)
  }
  return claims
}

async function keyClaims(vek: Vek, product: Product | null): Promise<EndorsementKeyClaims> {
  const { certificate, kind, extensions } = vek
  return {
    kind,
    product,
    serial: certificate.serial,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    spkiSha256: await sha256(certificate.spki),
    chipId: extensions.hwId && toHex(extensions.hwId),
    cspId: extensions.cspId,
    // What is read of a certificate serves later appraisals too.
    tcb: extensions.tcb && { ...extensions.tcb },
  }
}

async function rootClaims({ serial, spki }: Identity, origin: Anchor): Promise<RootClaims> {
  return { origin, serial, spkiSha256: await sha256(spki) }
}

const crlClaims = ({ number, thisUpdate, nextUpdate, revoked }: Crl): CrlClaims => ({
  number,
  thisUpdate: thisUpdate.toISOString(),
  nextUpdate: nextUpdate.toISOString(),
  revoked: [...revoked],
})

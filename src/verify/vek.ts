// SPDX-License-Identifier: Apache-2.0
// A versioned endorsement key: a VCEK or VLEK certificate with what it says about itself, and which
// of several is the one for a report.

import type { SnpReport } from '../core/snp.js'
import { authorityOf, type VekKind, vekKind } from './names.js'
import { checkPair, type Pair } from './snp-checks.js'
import { type VekExtensions, vekExtensions } from './snp-extensions.js'
import type { Certificate } from './x509.js'

export interface Vek {
  readonly certificate: Certificate
  readonly kind: VekKind
  readonly extensions: VekExtensions
}

/**
 * The certificate as a VEK, or null when its subject is none.
 *
 * @throws {AttestationError} `ERR_CERTIFICATE_FORMAT` when its extensions are not those of one
 */
export function readVek(certificate: Certificate): Vek | null {
  const kind = vekKind(certificate.subject)
  return kind && { certificate, kind, extensions: vekExtensions(certificate) }
}

/** The report and the VEK side by side, or null when no AMD intermediate issued the VEK by name. */
export function pairOf(report: SnpReport, { certificate, kind, extensions }: Vek): Pair | null {
  const product = authorityOf(certificate.issuer)?.product
  return product ? { report, kind, product, extensions } : null
}

/**
 * The VEK that fits the report best, the first of equals. A choice of what to judge, not a
 * judgement: every check is made on whatever is chosen.
 */
export function chooseVek(veks: readonly Vek[], report: SnpReport | null, at: Date): Vek | null {
  const fit = (vek: Vek): number => {
    const pair = report && pairOf(report, vek)
    const { notBefore, notAfter } = vek.certificate
    const agreements = pair ? checkPair(pair).filter(({ outcome }) => outcome === 'pass').length : 0
    const kind = vek.kind === report?.signingKey ? 8 : 0
    return kind + agreements + (notBefore <= at && at <= notAfter ? 0.5 : 0)
  }
  const [first = null, ...rest] = veks
  return rest.reduce((best, vek) => (best && fit(vek) > fit(best) ? vek : best), first)
}

// SPDX-License-Identifier: Apache-2.0
// Everything that vouches for one report, to be kept with it for later.

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import type { SnpReport } from '../core/snp.js'
import { AttestationError } from '../errors.js'
import { type EndorseProblem, endorse } from './endorse.js'
import { type Endorsements, openAll, sort } from './endorsements.js'
import type { SnpEndorser } from './endorser.js'
import { authorityOf, rootName } from './names.js'
import { recognize } from './roots.js'

/**
 * What an appraisal of the report will ask for and `carried` does not have: the VCEK, its
 * intermediate and root, and the CRL of that root as it is now. Where the chain or the CRL cannot be
 * fetched, the ones that are carried will do.
 *
 * @param carried DER, PEM or certificate tables that are kept anyway
 * @throws {AttestationError} the first thing that cannot be had, under the code of the endorser
 */
export async function endorsementsFor(
  report: SnpReport,
  carried: readonly Uint8Array[],
  endorser: SnpEndorser,
): Promise<readonly Bytes[]> {
  const opened = openAll(carried.map((bytes) => new Uint8Array(bytes)))
  const presented = await sort(opened)
  const wants = { crl: true, chain: true }
  const { endorsements, problems } = await endorse(report, presented, endorser, wants)
  const objects = opened.flatMap((one) => (one instanceof AttestationError ? [] : one))
  const names = await subjects(presented, objects)
  const missing = problems.find(({ of }) => !isCarried(of, presented, names))
  if (missing) throw new AttestationError(missing.code, missing.detail)
  return endorsements.filter((one) => !objects.some((other) => equalBytes(one, other)))
}

/** Of the intermediates and roots, AMD's own included. */
async function subjects(
  { others }: Endorsements,
  objects: readonly Bytes[],
): Promise<ReadonlySet<string>> {
  const known = await Promise.all(objects.map(recognize))
  return new Set([...others, ...known].flatMap((identity) => identity?.subject ?? []))
}

/** Whether what could not be fetched came along, for a key that did. */
function isCarried(
  of: EndorseProblem['of'],
  { veks, crls }: Endorsements,
  names: ReadonlySet<string>,
): boolean {
  return veks.some(({ certificate }) => {
    const product = authorityOf(certificate.issuer)?.product
    if (of === 'vek' || !product) return false
    const root = rootName(product)
    if (of === 'crl') return crls.some(({ issuer }) => issuer === root)
    return names.has(certificate.issuer) && names.has(root)
  })
}

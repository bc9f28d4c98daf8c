// SPDX-License-Identifier: Apache-2.0
// Everything that vouches for one report, to be kept with it for later.

import type { SnpReport } from '../core/snp.js'
import { AttestationError } from '../errors.js'
import { endorse } from './endorse.js'
import { openAll, sort } from './endorsements.js'
import type { SnpEndorser } from './endorser.js'
import type { Bytes } from './pem.js'

/**
 * What an appraisal of the report will ask for and `carried` does not have: the VCEK, its
 * intermediate and root, and the CRL of that root as it is now.
 *
 * @param carried DER, PEM or certificate tables that are kept anyway
 * @throws {AttestationError} the first thing that cannot be had, under the code of the endorser
 */
export async function endorsementsFor(
  report: SnpReport,
  carried: readonly Uint8Array[],
  endorser: SnpEndorser,
): Promise<readonly Bytes[]> {
  const presented = await sort(openAll(carried.map((bytes) => new Uint8Array(bytes))))
  const { endorsements, problems } = await endorse(report, presented, endorser, {
    crl: true,
    chain: true,
  })
  const [problem] = problems
  if (problem) throw new AttestationError(problem.code, problem.detail)
  return endorsements
}

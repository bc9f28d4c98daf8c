// SPDX-License-Identifier: Apache-2.0
// Fetches what is missing to judge one SNP report, and says why when it cannot be had.

import { isZero } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { decodeTcb, HW_ID_LEN, type Product, type SnpReport } from '../core/snp.js'
import { AttestationError } from '../errors.js'
import { findPath } from './chain.js'
import type { Endorsements } from './endorsements.js'
import type { SnpEndorser } from './endorser.js'
import type { VekKind } from './names.js'
import { type Problem, problemOf } from './result.js'
import { checkPair } from './snp-checks.js'
import { pairOf, type Vek } from './vek.js'
import { type Certificate, parseCertificate } from './x509.js'

export interface Wants {
  /** The CRL of the root, fresh from the endorser, whatever was presented. */
  readonly crl: boolean
  /** Intermediate and root even where those of AMD are known here: for a verifier that is another. */
  readonly chain: boolean
}

/** Why something is missing: the certificate of the key, its intermediate, or the CRL. */
export interface EndorseProblem extends Problem {
  readonly of: 'vek' | 'chain' | 'crl'
}

export interface Endorsed {
  /** What was fetched, DER, to be appraised along with what was presented. */
  readonly endorsements: readonly Bytes[]
  readonly problems: readonly EndorseProblem[]
}

/** The certificate of the key that signed the report, as the certificate says. */
interface Key {
  readonly certificate: Certificate
  readonly product: Product
  readonly kind: VekKind
}

/**
 * Fetches the VCEK if none that was presented is for this report, the chain if neither AMD's pinned
 * intermediates nor a presented one signed the key, and the CRL if it is wanted. Without a key
 * nothing else is asked for. Failures are problems, never exceptions, so that appraisal goes on.
 *
 * @param presented what came with the evidence, sorted
 */
export async function endorse(
  report: SnpReport,
  presented: Pick<Endorsements, 'veks' | 'others'>,
  endorser: SnpEndorser,
  wants: Wants,
): Promise<Endorsed> {
  const { veks, others } = presented
  const endorsements: Bytes[] = []
  const problems: EndorseProblem[] = []
  const collect = async (of: EndorseProblem['of'], run: () => Promise<readonly Bytes[]>) => {
    try {
      endorsements.push(...(await run()))
    } catch (error) {
      problems.push({ of, ...problemOf(error) })
    }
  }
  let key = presentedKey(veks, report)
  if (!key) {
    await collect('vek', async () => {
      const { der, product } = await fetchVcek(report, endorser)
      key = { certificate: parseCertificate(der), product, kind: 'vcek' }
      return [der]
    })
  }
  if (!key) return { endorsements, problems }
  const { certificate, product, kind } = key
  const { authority } = await findPath(certificate, { roots: [], presented: others })
  if (wants.chain || authority === null) {
    await collect('chain', async () => (await endorser.chain(product, kind)).map(owned))
  }
  if (wants.crl) await collect('crl', async () => [owned(await endorser.crl(product, kind))])
  return { endorsements, problems }
}

/** The first VEK that nothing in the report contradicts. */
function presentedKey(veks: readonly Vek[], report: SnpReport): Key | null {
  for (const vek of veks) {
    const pair = pairOf(report, vek)
    if (pair && checkPair(pair).every(({ outcome }) => outcome !== 'fail')) {
      return { certificate: vek.certificate, product: pair.product, kind: pair.kind }
    }
  }
  return null
}

async function fetchVcek(
  report: SnpReport,
  endorser: SnpEndorser,
): Promise<{ der: Bytes; product: Product }> {
  if (report.signingKey === 'vlek') {
    throw new AttestationError(
      'ERR_ENDORSEMENT_MISSING',
      'the certificate of a VLEK is handed out by the host only, and none for this report came along',
    )
  }
  const { chipId } = report
  if (isZero(chipId)) {
    throw new AttestationError(
      'ERR_CHIP_ID_MASKED',
      'the host masks CHIP_ID, so the VCEK cannot be asked for',
    )
  }
  const ask = async (product: Product) => {
    const hwId = chipId.slice(0, HW_ID_LEN[product])
    const tcb = decodeTcb(report.reportedTcb, product)
    return { der: owned(await endorser.vcek({ product, chipId: hwId, tcb })), product }
  }
  const [first, second] = candidates(report, chipId)
  if (!second) return ask(first)
  try {
    return await ask(first)
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
  return ask(second)
}

/** By CPUID. Version 2 has none: there the shape of CHIP_ID tells Turin, and trying tells the rest. */
function candidates(
  { cpuid, product }: SnpReport,
  chipId: Uint8Array,
): readonly [Product, Product?] {
  if (product) return [product]
  if (cpuid) {
    throw new AttestationError('ERR_SNP_PRODUCT', 'the CPUID of the report is of no known product')
  }
  return isZero(chipId.subarray(HW_ID_LEN.Turin)) ? ['Turin'] : ['Milan', 'Genoa']
}

/** Whether a chip of another product may still be there. */
const isAbsent = (error: unknown): boolean =>
  error instanceof AttestationError &&
  (error.code === 'ERR_ENDORSER_NOT_FOUND' || error.code === 'ERR_ENDORSER_OFFLINE')

/** A copy: what is read here is remembered by its content, and an endorser may use a buffer again. */
function owned(bytes: Uint8Array): Bytes {
  if (bytes instanceof Uint8Array) return new Uint8Array(bytes)
  throw new AttestationError('ERR_ENDORSER_ANSWER', 'the endorser handed out what is not bytes')
}

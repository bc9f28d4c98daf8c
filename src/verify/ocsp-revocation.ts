// SPDX-License-Identifier: Apache-2.0
// What OCSP says about the certificates of a chain, as of a time.

import type { Bytes } from '../core/private-copy.js'
import { CODES } from '../errors.js'
import { type CertStatus, parseOcsp } from './ocsp.js'
import type { OcspClient } from './ocsp-client.js'
import { isAbout } from './ocsp-id.js'
import { signerOf } from './ocsp-responder.js'
import { type Check, type Finding, fail, type Problem, pass, problemOf, unknown } from './result.js'
import type { Certificate } from './x509.js'

export interface Revocation {
  readonly finding: Finding | null
  /** The oldest `thisUpdate` of the responses that called the certificates good; null unless all. */
  readonly asOf: Date | null
}

export interface OcspContext {
  readonly at: Date
  /** Responses at hand, DER, of whatever certificates. */
  readonly ocsp: readonly Bytes[]
  /** Asked first, because what is at hand may be older than a revocation; null: nobody is asked. */
  readonly ocspClient: OcspClient | null
}

/** A status with the certificate of who signed it: somebody who may. */
interface Genuine extends CertStatus {
  readonly signer: Certificate
}

/** Clocks differ by that much, and a response to a request is newer than the time of the appraisal. */
export const CLOCK_SKEW_MS = 300_000

/** @param path each issued by the next; the last one is asked nobody about */
export async function checkStatuses(
  check: Check,
  path: readonly Certificate[],
  context: OcspContext,
): Promise<Revocation> {
  const verdicts = await Promise.all(
    path.slice(0, -1).map((subject, at) => {
      const issuer = path[at + 1] as Certificate
      return statusOf({ check, subject, issuer }, context)
    }),
  )
  const findings = verdicts.filter((verdict) => 'outcome' in verdict)
  const worst = findings.find(({ outcome }) => outcome === 'fail') ?? findings[0]
  if (worst) return { finding: worst, asOf: null }
  const times = (verdicts as Genuine[]).map(({ thisUpdate }) => thisUpdate.getTime())
  const asOf = new Date(Math.min(...times))
  const detail = `OCSP calls every certificate good, as of ${asOf.toISOString()}`
  return { finding: pass(check, detail), asOf }
}

/** A certificate in question, and what the answer is for. */
interface Question {
  readonly check: Check
  readonly subject: Certificate
  readonly issuer: Certificate
}

/** The status that counts at that time, when it is good; else what there is to say. */
async function statusOf(
  question: Question,
  { at, ocsp, ocspClient }: OcspContext,
): Promise<Genuine | Finding> {
  const asked = ocspClient && (await ask(question, at, ocspClient))
  const answer = asked && !('code' in asked) ? [asked] : []
  let known: readonly Genuine[]
  try {
    known = (await Promise.all([...answer, ...ocsp].map((der) => genuine(der, question)))).flat()
  } catch (error) {
    return unusable(question, problemOf(error))
  }
  const { check } = question
  const name = question.subject.subject
  // Whenever that was said: what was taken back is not trusted for earlier times either.
  if (known.some(({ status }) => status === 'revoked')) {
    return fail(check, 'ERR_CERTIFICATE_REVOKED', `OCSP calls ${name} revoked`)
  }
  const [newest] = known.filter((status) => isCurrent(status, at)).toSorted(byAge)
  if (!newest) {
    const why = asked && 'code' in asked ? asked : known.length > 0 ? stale(known) : MISSING
    return unknown(check, why.code, `no OCSP response about ${name}: ${why.detail}`)
  }
  if (newest.status === 'good') return newest
  return newest.status === 'hold'
    ? fail(check, 'ERR_CERTIFICATE_HOLD', `OCSP calls ${name} suspended`)
    : fail(check, 'ERR_OCSP', `OCSP does not know ${name}`)
}

async function ask(
  { subject, issuer }: Question,
  at: Date,
  client: OcspClient,
): Promise<Bytes | Problem> {
  try {
    return await client.status(subject, issuer, at)
  } catch (error) {
    return problemOf(error)
  }
}

/** What a response says about the certificate, if that is for its signer to say. */
async function genuine(der: Bytes, { subject, issuer }: Question): Promise<Genuine[]> {
  const response = parseOcsp(der)
  const about = await Promise.all(response.statuses.map(({ id }) => isAbout(id, subject, issuer)))
  const own = response.statuses.filter((_, at) => about[at])
  if (own.length === 0) return []
  const signer = await signerOf(response, issuer)
  return own.map((status) => ({ ...status, signer }))
}

const unusable = ({ check }: Question, { code, detail }: Problem): Finding =>
  CODES[code] === 'unavailable' ? unknown(check, code, detail) : fail(check, code, detail)

/** Without a time of the next update, a status holds for the moment at which it was given. */
export function isCurrent(
  { thisUpdate, nextUpdate, signer }: Pick<Genuine, 'thisUpdate' | 'nextUpdate' | 'signer'>,
  at: Date,
): boolean {
  const from = thisUpdate.getTime() - CLOCK_SKEW_MS
  const { notBefore, notAfter } = signer
  return (
    from <= at.getTime() && at <= (nextUpdate ?? thisUpdate) && notBefore <= at && at <= notAfter
  )
}

const byAge = (a: Genuine, b: Genuine): number => b.thisUpdate.getTime() - a.thisUpdate.getTime()

const MISSING: Problem = { code: 'ERR_ENDORSEMENT_MISSING', detail: 'none was presented' }

function stale(known: readonly Genuine[]): Problem {
  const [newest] = known.toSorted(byAge) as [Genuine]
  const period = `${newest.thisUpdate.toISOString()} to ${(newest.nextUpdate ?? newest.thisUpdate).toISOString()}`
  return { code: 'ERR_OCSP_STALE', detail: `the newest is of ${period}` }
}

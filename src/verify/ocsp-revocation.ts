// SPDX-License-Identifier: Apache-2.0
// What OCSP says about the certificates of a chain, as of a time.

import type { Bytes } from '../core/private-copy.js'
import { type OcspResponse, parseOcsp } from './ocsp.js'
import type { OcspClient } from './ocsp-client.js'
import { type Genuine, genuineStatuses, isCurrent, mentions } from './ocsp-status.js'
import {
  type Check,
  type Finding,
  fail,
  type Problem,
  pass,
  readable,
  tried,
  unknown,
} from './result.js'
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

/** @param path each issued by the next; the last one is asked nobody about */
export async function checkStatuses(
  check: Check,
  path: readonly Certificate[],
  context: OcspContext,
): Promise<Revocation> {
  const presented = context.ocsp.map(open)
  const verdicts = await Promise.all(
    path.slice(0, -1).map((subject, at) => {
      const issuer = path[at + 1] as Certificate
      return statusOf({ check, subject, issuer, presented }, context)
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
  readonly presented: readonly (OcspResponse | Problem)[]
}

const open = (der: Bytes): OcspResponse | Problem => readable(() => parseOcsp(der))

/** The status that counts at that time, when it is good; else what there is to say. */
async function statusOf(question: Question, context: OcspContext): Promise<Genuine | Finding> {
  const { check, subject } = question
  const [, name = subject.subject] = COMMON_NAME.exec(subject.subject) ?? []
  const { known, fault, excuse } = await gather(question, context)
  if (fault) return fail(check, fault.code, fault.detail)
  // Whenever that was said: what was taken back is not trusted for earlier times either.
  if (known.some(({ status }) => status === 'revoked')) {
    return fail(check, 'ERR_CERTIFICATE_REVOKED', `OCSP calls ${name} revoked`)
  }
  const [newest] = known.filter((status) => isCurrent(status, context.at)).toSorted(byAge)
  if (!newest) {
    const why = excuse ?? (known.length > 0 ? stale(known) : MISSING)
    return unknown(check, why.code, `no OCSP response about ${name} is of use: ${why.detail}`)
  }
  if (newest.status === 'good') return newest
  return newest.status === 'hold'
    ? fail(check, 'ERR_CERTIFICATE_HOLD', `OCSP calls ${name} suspended`)
    : fail(check, 'ERR_OCSP', `OCSP does not know ${name}`)
}

const COMMON_NAME = /(?:^|, )CN=([^,]+)/

interface Gathered {
  /** Everything that anybody who may has said, whoever handed it out. */
  readonly known: readonly Genuine[]
  /** Something about this certificate that is forged, or anything that cannot be read. */
  readonly fault: Problem | null
  /** Why somebody who was asked says nothing. */
  readonly excuse: Problem | null
}

async function gather(
  { subject, issuer, presented }: Question,
  { at, ocspClient }: OcspContext,
): Promise<Gathered> {
  const asked = ocspClient && (await tried(() => ocspClient.status(subject, issuer, at)))
  const answered = asked !== null && !('code' in asked)
  const responses = answered ? [open(asked), ...presented] : presented
  const relevant = responses.filter((one) => 'code' in one || mentions(one, subject))
  const read = await Promise.all(
    relevant.map((one) =>
      'code' in one ? one : tried(() => genuineStatuses(one, subject, issuer)),
    ),
  )
  const problems = read.filter((part) => 'code' in part)
  return {
    known: read.flatMap((part) => ('code' in part ? [] : part)),
    fault: problems.find(({ code }) => code !== 'ERR_OCSP_REFUSED') ?? null,
    excuse: (answered ? null : asked) ?? problems[0] ?? null,
  }
}

const byAge = (a: Genuine, b: Genuine): number => b.thisUpdate.getTime() - a.thisUpdate.getTime()

const MISSING: Problem = { code: 'ERR_ENDORSEMENT_MISSING', detail: 'none was presented' }

function stale(known: readonly Genuine[]): Problem {
  const [newest] = known.toSorted(byAge) as [Genuine]
  const { thisUpdate: from, nextUpdate: to } = newest
  const period = `${from.toISOString()} to ${(to ?? from).toISOString()}`
  return { code: 'ERR_OCSP_STALE', detail: `the newest is of ${period}` }
}

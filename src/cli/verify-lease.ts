// SPDX-License-Identifier: Apache-2.0
// `assay verify --lease`: every endpoint of a service that a directory names, each judged by what it
// shows and by nothing that the directory says.

import type { EndpointHint, LeaseId } from '../discovery/index.js'
import { AttestationError, type Code } from '../errors.js'
import type { AttestationResult, Policy } from '../verify/index.js'
import { refuseFlags, usage } from './arguments.js'
import {
  type Alternative,
  alternativesOf,
  type ExpectationFlags,
  judgeAny,
  trustedAlternatives,
} from './expectation-flags.js'
import type { Io } from './io.js'
import { findLease, hintRequest } from './lease-flags.js'
import { readUserData } from './live-flags.js'
import { fetchEndpoint, type Subject, type SubjectFlags } from './subject.js'

interface Flags extends ExpectationFlags, SubjectFlags {
  readonly reportData?: string
  readonly ear?: string
}

/** What became of one endpoint. */
export interface JudgedEndpoint {
  /** Whose word it is that this endpoint has to do with the lease. */
  readonly source: string
  readonly hint: EndpointHint
  readonly result: AttestationResult['result']
  /** Digest of the expectations that were in the policy; null without any. */
  readonly expectations: string | null
  /** What the evidence shows otherwise than the directory says, and which guest is behind two. */
  readonly notes: readonly string[]
  /** Null where there was no evidence to judge. */
  readonly appraisal: AttestationResult | null
  readonly error: { readonly code: Code; readonly message: string } | null
}

export interface LeaseResult {
  readonly result: AttestationResult['result']
  readonly lease: LeaseId
  readonly directory: string
  readonly endpoints: readonly JudgedEndpoint[]
  readonly evaluatedAt: string
}

/** Of one piece of evidence, or nobody's business with several endpoints. */
const STRANGERS = [
  'snp',
  'gpu',
  'certChain',
  'nonce',
  'tlsKey',
  'reportData',
  'offline',
  'ear',
] as const satisfies readonly (keyof Flags)[]

/** Judges one piece of evidence by one policy. */
export type JudgeSubject = (subject: Subject, policy: Policy) => Promise<AttestationResult>

/**
 * Judges every endpoint. One that gives no evidence leaves the result undecided, one whose evidence
 * is refused makes it rejected.
 *
 * @throws {AttestationError} `ERR_USAGE`, and where no endpoint can be found at all
 */
export async function judgeLease(
  flags: Flags,
  { policy, at, judge }: { policy: Policy; at: Date; judge: JudgeSubject },
  io: Io,
): Promise<LeaseResult> {
  const own = flags.trustExpectations ? null : await alternativesOf(policy, flags, io)
  const userData = await readUserData(flags.userData, io)
  const { lease, directory, endpoints } = await findLease(flags, io)
  const judged = await Promise.all(
    endpoints.map(async (hint): Promise<JudgedEndpoint> => {
      const source = `hint of ${directory}, not trusted`
      try {
        const alternatives =
          own ?? (await trustedAlternatives(policy, hint.expectations, flags, io))
        const asked = hintRequest(hint.url, flags, { nonce: null, userData })
        const subject = await fetchEndpoint(hint.url, asked, userData, io)
        return { source, hint, ...(await judgeHint(hint, subject, alternatives, judge)) }
      } catch (error) {
        return { source, hint, ...failed(error) }
      }
    }),
  )
  return {
    result: conclude(judged),
    lease,
    directory,
    endpoints: withTwins(judged),
    evaluatedAt: at.toISOString(),
  }
}

/** @throws {AttestationError} `ERR_USAGE` */
export function refuseStrangers(target: string | undefined, flags: Flags): void {
  if (target !== undefined) throw usage('name a FILE, a URL or a --lease, not two of them')
  refuseFlags(flags, STRANGERS, 'is not for --lease: each endpoint is asked afresh')
}

type Judgement = Omit<JudgedEndpoint, 'source' | 'hint'>

async function judgeHint(
  { tee, gpus }: EndpointHint,
  subject: Subject,
  alternatives: readonly Alternative[],
  judge: JudgeSubject,
): Promise<Judgement> {
  const { by, appraisal } = await judgeAny(alternatives, (policy) => judge(subject, policy))
  const { evidence } = subject
  const notes = [
    ...(evidence.tee === tee ? [] : [`the directory says ${tee}, the evidence is ${evidence.tee}`]),
    ...(evidence.gpus.length === gpus
      ? []
      : [`the directory says ${gpus} GPUs, the evidence has ${evidence.gpus.length}`]),
  ]
  const { result } = appraisal
  return { result, expectations: by.expectations, notes, appraisal, error: null }
}

/** A refusal by the endpoint, or of a strange document, is nothing that the caller can mend. */
function failed(error: unknown): Judgement {
  if (!(error instanceof AttestationError) || error.layer === 'internal') throw error
  const { code, message, layer } = error
  const open = layer === 'unavailable' || layer === 'request'
  const result = open ? 'undecided' : 'rejected'
  return { result, expectations: null, notes: [], appraisal: null, error: { code, message } }
}

function conclude(judged: readonly JudgedEndpoint[]): LeaseResult['result'] {
  const results = judged.map(({ result }) => result)
  if (results.includes('rejected')) return 'rejected'
  return results.includes('undecided') ? 'undecided' : 'verified'
}

/** Two endpoints with one REPORT_ID are one guest: whoever counts replicas should know. */
function withTwins(judged: readonly JudgedEndpoint[]): JudgedEndpoint[] {
  const first = new Map<unknown, string>()
  return judged.map((one) => {
    const id = one.appraisal?.claims.snp?.report?.reportId
    if (id === undefined) return one
    const twin = first.get(id)
    if (twin === undefined) first.set(id, one.hint.replica)
    return twin === undefined
      ? one
      : { ...one, notes: [...one.notes, `the same guest as ${twin}, by its REPORT_ID`] }
  })
}

// SPDX-License-Identifier: Apache-2.0
// Asks directories, one after the other until one has an answer. They are strangers: nothing that they
// say is more than a hint, and none of them is told anything but what is looked for.

import type { Bytes } from '../core/private-copy.js'
import {
  checkDigest,
  DIRECTORY_LIMITS,
  type Expectations,
  expectationsDigest,
  expectationsPath,
  type LeaseHints,
  type LeaseId,
  leaseKey,
  leasePath,
  parseExpectations,
  parseLeaseHints,
  parseLeaseId,
} from '../discovery/index.js'
import { AttestationError } from '../errors.js'
import { askDirectory, type DirectoryAnswer, type Question } from './directory-exchange.js'
import { checkNames, wrong } from './options.js'

/** Which directories to ask, and how. */
export interface DirectoryOptions {
  /**
   * Base URLs, in the order in which they are asked: `https:`, or `http:` to this machine. The next
   * one is asked when one has no answer, or one that cannot be right.
   */
  readonly directories: readonly string[]
  readonly fetch: typeof globalThis.fetch
  /** For each directory; {@link DIRECTORY_TIMEOUT_MS} when not given. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface ResolveOptions extends DirectoryOptions {
  /** A service of the lease; an answer without endpoints of it is no answer. */
  readonly service?: string
  /** What was resolved before: its directory need not say it again if it still holds. */
  readonly known?: ResolvedLease
}

/** What a directory said of a lease. */
export interface ResolvedLease {
  readonly hints: LeaseHints
  /** Which of the directories. */
  readonly directory: string
  /** For `known`; null when the directory gave none. */
  readonly etag: string | null
}

/** A document of expectations whose bytes are those that the digest names. */
export interface FetchedExpectations {
  readonly digest: string
  readonly expectations: Expectations
  readonly bytes: Bytes
  readonly directory: string
}

/** An answer comes from memory, wherever the directory is. */
export const DIRECTORY_TIMEOUT_MS = 10_000
const TIMEOUT_MAX_MS = 0x7fffffff

const NAMES = ['directories', 'fetch', 'timeoutMs', 'signal'] as const

/**
 * Where evidence of a lease may be had, as a directory says. An answer about another lease, one that
 * is too long, too late, or not what it should be is none.
 *
 * @throws {AttestationError} `ERR_LEASE_ID`, `ERR_ARGUMENT` for a wrong call; otherwise an
 * `ERR_DIRECTORY_…` code, of the first directory that failed otherwise than by not knowing the lease
 */
export async function resolveLease(id: LeaseId, options: ResolveOptions): Promise<ResolvedLease> {
  checkNames(options, [...NAMES, 'service', 'known'])
  const path = leasePath(parseLeaseId(leaseKey(id)))
  const { service, known } = options
  return firstOf(options, async (directory, ask) => {
    const before = known?.directory === directory ? known : null
    const { bytes, etag } = await ask({
      directory,
      path,
      limit: DIRECTORY_LIMITS.lease,
      etag: before?.etag ?? null,
    })
    // Without bytes there is something that was known: nothing else is asked with a tag.
    const hints = bytes ? parseLeaseHints(bytes) : (before as ResolvedLease).hints
    checkHints(hints, id, service)
    return { hints, directory, etag: etag ?? (bytes ? null : (before as ResolvedLease).etag) }
  })
}

/**
 * A document of expectations, by its digest. Its bytes are hashed and compared, so that it does not
 * matter who had them. Whether what they say is policy is for the tenant to decide.
 *
 * @throws {AttestationError} `ERR_EXPECTATIONS_NAME`, `ERR_ARGUMENT` for a wrong call;
 * `ERR_EXPECTATIONS_DIGEST` for other bytes; `ERR_EXPECTATIONS` for the right ones that say nothing
 * readable; otherwise an `ERR_DIRECTORY_…` code
 */
export async function fetchExpectations(
  digest: string,
  options: DirectoryOptions,
): Promise<FetchedExpectations> {
  checkNames(options, NAMES)
  const path = expectationsPath(checkDigest(digest))
  const found = await firstOf(options, async (directory, ask) => {
    const limit = DIRECTORY_LIMITS.expectations
    const { bytes } = await ask({ directory, path, limit, etag: null })
    if (bytes !== null && expectationsDigest(bytes) === digest) return { bytes, directory }
    const sentence = 'the directory: what it has under this digest are other bytes'
    throw new AttestationError('ERR_EXPECTATIONS_DIGEST', sentence)
  })
  return { digest, expectations: parseExpectations(found.bytes), ...found }
}

type Ask = (question: Question) => Promise<DirectoryAnswer>

/** The first answer; without any, the failure that says most. */
async function firstOf<Answer>(
  { directories, fetch, timeoutMs = DIRECTORY_TIMEOUT_MS, signal }: DirectoryOptions,
  attempt: (directory: string, ask: Ask) => Promise<Answer>,
): Promise<Answer> {
  if (directories.length === 0) throw wrong('directories: at least one URL expected')
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > TIMEOUT_MAX_MS) {
    throw wrong(`timeoutMs of 1 to ${TIMEOUT_MAX_MS} expected`)
  }
  const failures: AttestationError[] = []
  for (const directory of directories) {
    try {
      return await attempt(directory, (question) =>
        askDirectory(question, { fetch, timeoutMs, signal }),
      )
    } catch (error) {
      // The signal's own reason, or a wrong call, which no other directory mends.
      if (!(error instanceof AttestationError) || error.layer !== 'unavailable') throw error
      failures.push(error)
    }
  }
  throw worst(directories, failures)
}

/** That one directory does not know a lease says little where another one did not answer at all. */
function worst(directories: readonly string[], failures: readonly AttestationError[]): Error {
  const [first] = failures as [AttestationError]
  if (failures.length === 1) return first
  const { code } = failures.find((one) => one.code !== 'ERR_DIRECTORY_NOT_FOUND') ?? first
  const said = failures.map((one, at) => `${directories[at]}: ${one.code}`)
  return new AttestationError(code, `no directory has an answer (${said.join(', ')})`, {
    cause: new AggregateError(failures),
  })
}

function checkHints({ lease, endpoints }: LeaseHints, id: LeaseId, service?: string): void {
  if (leaseKey(lease) !== leaseKey(id)) {
    const sentence = 'the directory: it answered about another lease'
    throw new AttestationError('ERR_DIRECTORY_LEASE', sentence)
  }
  if (endpoints.some((one) => service === undefined || one.service === service)) return
  const of = service === undefined ? 'this lease' : 'this service of the lease'
  throw new AttestationError('ERR_DIRECTORY_SERVICE', `the directory: it has no endpoint of ${of}`)
}

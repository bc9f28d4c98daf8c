// SPDX-License-Identifier: Apache-2.0
// `--expectations` and `--trust-expectations`: which expectations count, and the policies that come of
// them. None counts unless the caller says so.

import type { Command } from 'commander'
import { fetchExpectations } from '../client/index.js'
import { type Expectations, expectationsDigest, parseExpectations } from '../discovery/index.js'
import { AttestationError } from '../errors.js'
import { type AttestationResult, type Policy, withExpectations } from '../verify/index.js'
import { collect, refuseFlags, usage } from './arguments.js'
import { readInput } from './files.js'
import type { Io } from './io.js'
import { directoryOptions, type LeaseFlags } from './lease-flags.js'

export interface ExpectationFlags extends LeaseFlags {
  readonly expectations?: readonly string[]
  readonly trustExpectations?: boolean
}

/** A policy, and which expectations are in it. */
export interface Alternative {
  readonly policy: Policy
  /** `sha256:<hex>`; null where the policy is the caller's own alone. */
  readonly expectations: string | null
}

export function expectationOptions(command: Command): Command {
  return command
    .option(
      '--expectations <digest|file>',
      'narrow the policy to these expectations: a file, or sha256:… of a directory (repeatable: one of them)',
      collect,
    )
    .option(
      '--trust-expectations',
      'of a lease, have all expectations count that the directory names: it decides what is accepted',
    )
}

/** @throws {AttestationError} `ERR_USAGE` for a flag that only evidence of a CPU has a use for */
export const refuseExpectations = (flags: ExpectationFlags): void =>
  refuseFlags(flags, ['expectations', 'trustExpectations', 'directory'], 'is for evidence of a CPU')

const isDigest = (text: string): boolean => text.startsWith('sha256:')

/** @throws {AttestationError} `ERR_USAGE` for flags that contradict each other, or that nothing would read */
export function checkExpectationFlags(flags: ExpectationFlags): void {
  const { expectations, trustExpectations, lease, directory } = flags
  if (trustExpectations && expectations) {
    throw usage(
      '--expectations names what counts, and --trust-expectations lets the directory do it',
    )
  }
  if (trustExpectations && lease === undefined) throw usage('--trust-expectations is for --lease')
  if (directory && lease === undefined && !expectations?.some(isDigest)) {
    throw usage('--directory is for --lease, or for a digest after --expectations')
  }
}

/**
 * The policies that the caller's expectations make of a policy, any of which may be met; without
 * expectations the policy itself.
 *
 * @throws {AttestationError} `ERR_EXPECTATIONS…`, and what reading or fetching throws
 */
export async function alternativesOf(
  policy: Policy,
  flags: ExpectationFlags,
  io: Io,
): Promise<readonly Alternative[]> {
  const { expectations } = flags
  if (expectations === undefined) return [{ policy, expectations: null }]
  return Promise.all(
    expectations.map(async (name) =>
      isDigest(name) ? fetched(policy, name, flags, io) : read(policy, await readInput(name, io)),
    ),
  )
}

/**
 * The policies that the expectations make which a directory names for one endpoint. Those that cannot
 * be had, or cannot be met together with the policy, are no alternative.
 *
 * @throws {AttestationError} `ERR_EXPECTATIONS_MISSING` where it names none; why the first is none
 * where all are none
 */
export async function trustedAlternatives(
  policy: Policy,
  digests: readonly string[],
  flags: ExpectationFlags,
  io: Io,
): Promise<readonly Alternative[]> {
  if (digests.length === 0) {
    const sentence = 'the directory names no expectations for this endpoint, and they were to count'
    throw new AttestationError('ERR_EXPECTATIONS_MISSING', sentence)
  }
  const tried = await Promise.allSettled(digests.map((one) => fetched(policy, one, flags, io)))
  const found = tried.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  if (found.length > 0) return found
  const [first] = tried as PromiseRejectedResult[]
  throw first?.reason
}

/**
 * The result under the first policy that verifies; without one, the result that leaves most open.
 *
 * @param judge appraises under one policy
 */
export async function judgeAny<One extends Alternative>(
  alternatives: readonly One[],
  judge: (policy: Policy) => Promise<AttestationResult>,
): Promise<{ readonly by: One; readonly appraisal: AttestationResult }> {
  const judged = await Promise.all(
    alternatives.map(async (by) => ({ by, appraisal: await judge(by.policy) })),
  )
  const of = (result: AttestationResult['result']) =>
    judged.find(({ appraisal }) => appraisal.result === result)
  return (of('verified') ?? of('undecided') ?? judged[0]) as (typeof judged)[number]
}

const read = (policy: Policy, bytes: Uint8Array): Alternative =>
  narrowed(policy, parseExpectations(bytes), expectationsDigest(bytes))

async function fetched(
  policy: Policy,
  name: string,
  flags: ExpectationFlags,
  io: Io,
): Promise<Alternative> {
  const { expectations, digest } = await fetchExpectations(name, directoryOptions(flags, io))
  return narrowed(policy, expectations, digest)
}

const narrowed = (policy: Policy, expected: Expectations, digest: string): Alternative => ({
  policy: withExpectations(policy, expected),
  expectations: digest,
})

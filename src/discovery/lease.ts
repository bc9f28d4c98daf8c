// SPDX-License-Identifier: Apache-2.0
// What a directory says of one lease: where evidence may be had, and what to expect of it. Hints of a
// stranger, every one of them.

import * as v from 'valibot'
import { complaintOf } from '../document/complaint.js'
import { AttestationError } from '../errors.js'
import { parseJson } from '../evidence/json.js'
import { LeaseHintsSchema, LeaseIdSchema } from './lease-schema.js'
import { DIRECTORY_LIMITS, DIRECTORY_PATHS } from './protocol.js'

/** A lease on chain. */
export interface LeaseId {
  /** Bech32 address of an account, `akash1…`. */
  readonly owner: string
  /** Decimal digits of an integer of 64 bits, from 1. */
  readonly dseq: string
  readonly gseq: number
  readonly oseq: number
}

/** Where evidence may be had, as a stranger says. */
export interface EndpointHint {
  readonly service: string
  /** Name or index of the pod. */
  readonly replica: string
  /** `https:`, of a sidecar, or of the quote endpoint of a gateway. */
  readonly url: string
  /** A gateway forwards AEP-83 and ends TLS. */
  readonly kind: 'direct' | 'gateway'
  readonly tee: 'snp' | 'tdx'
  readonly gpus: number
  /** `aep83`, `assay.evidence.v1` */
  readonly protocols: readonly string[]
  /** `sha256:<hex>` of documents; each is one way to meet what is expected. */
  readonly expectations: readonly string[]
}

/** What a directory says of one lease. */
export interface LeaseHints {
  readonly lease: LeaseId
  /** Account of the provider; null when not known. */
  readonly provider: string | null
  /** In the order of `compareEndpoints`, none twice. */
  readonly endpoints: readonly EndpointHint[]
}

/**
 * Reads what a directory answered about a lease: JSON with exactly the members that are known.
 *
 * @throws {AttestationError} `ERR_DIRECTORY_ANSWER`, naming the first field that is wrong
 */
export function parseLeaseHints(document: string | Uint8Array): LeaseHints {
  const { length } = document
  if (length > DIRECTORY_LIMITS.lease) {
    throw wrong(`at most ${DIRECTORY_LIMITS.lease} bytes expected, got ${length}`)
  }
  return checkLeaseHints(parseJson(document, 'ERR_DIRECTORY_ANSWER'))
}

/**
 * The same for a value that was parsed already, or made here.
 *
 * @throws {AttestationError} `ERR_DIRECTORY_ANSWER`
 */
export function checkLeaseHints(value: unknown): LeaseHints {
  const { success, output, issues } = v.safeParse(LeaseHintsSchema, value)
  if (!success) throw wrong(complaintOf(issues, 'a lease'))
  return output
}

/**
 * Reads `owner/dseq/gseq/oseq`.
 *
 * @throws {AttestationError} `ERR_LEASE_ID`
 */
export function parseLeaseId(text: string): LeaseId {
  const [owner, dseq, gseq, oseq, ...rest] = text.split('/')
  const id = { owner, dseq, gseq: sequence(gseq), oseq: sequence(oseq) }
  const { success, output, issues } = v.safeParse(LeaseIdSchema, id)
  if (success && rest.length === 0) return output
  const complaint = success ? 'four parts expected' : complaintOf(issues, 'a lease')
  throw new AttestationError('ERR_LEASE_ID', `lease owner/dseq/gseq/oseq: ${complaint}`)
}

/** Only the one spelling of an integer: a lease has one name. */
const sequence = (digits: string | undefined): unknown =>
  digits !== undefined && /^[1-9][0-9]{0,9}$/.test(digits) ? Number(digits) : digits

/** `owner/dseq/gseq/oseq`, the one name of a lease. */
export const leaseKey = ({ owner, dseq, gseq, oseq }: LeaseId): string =>
  `${owner}/${dseq}/${gseq}/${oseq}`

/** Where a directory has it. */
export const leasePath = (id: LeaseId): string => `${DIRECTORY_PATHS.leases}/${leaseKey(id)}`

const wrong = (message: string): AttestationError =>
  new AttestationError('ERR_DIRECTORY_ANSWER', `the directory's answer: ${message}`)

// SPDX-License-Identifier: Apache-2.0
// What the tests of `--lease` share: a workload on real HTTPS servers, what it is expected to be, and
// directories that know of it.

import type { Test } from 'tap'
import type { LeaseResult } from '../../src/cli/verify-lease.js'
import {
  type EndpointHint,
  type Expectations,
  expectationsDigest,
  type LeaseHints,
  leaseKey,
} from '../../src/discovery/index.js'
import {
  endpointHint,
  expectations,
  expectationsBytes,
  leaseHints,
  leaseId,
} from '../fake/akash.js'
import { directoryOf, type FakeDirectory } from '../fake/directory.js'
import { mintGuest } from '../fake/guest.js'
import { pattern } from '../fake/nvidia.js'
import { assaySidecar, type Sidecar } from '../fake/sidecar.js'
import type { ReportFields } from '../fake/snp.js'
import { hex } from '../helpers.js'
import { AT_FLAGS, AUTHENTICITY, trust } from './desk.js'
import { assay, type Ran, type World } from './terminal.js'

export const LEASE = leaseId()
export const LEASE_FLAGS = ['--lease', leaseKey(LEASE)]
export const MEASUREMENT = pattern(48, 1)
export const HOST_DATA = pattern(32, 2)

/** What the tenant deployed. */
export const WORKLOAD: ReportFields = { measurement: MEASUREMENT, hostData: HOST_DATA }

/** What its author says of it. */
export const EXPECTED = expectationsBytes(expectationsOf(MEASUREMENT))
export const DIGEST = expectationsDigest(EXPECTED)

export function expectationsOf(measurement: Uint8Array): Expectations {
  return expectations({
    snp: {
      measurements: [{ vcpus: 2, measurement: hex(measurement) }],
      hostData: [hex(HOST_DATA)],
      minimumTcb: 'any',
    },
  })
}

/** A guest that says these things in its reports, and answers at a URL of its own. */
export async function guestOf(t: Test, fields: ReportFields, gpus = 0): Promise<Sidecar> {
  const sidecar = await assaySidecar({ guest: await mintGuest(gpus, fields) })
  t.teardown(sidecar.close)
  return sidecar
}

/** The hint that leads to a guest. */
export const hintOf = ({ url }: Sidecar, change: Partial<EndpointHint> = {}): EndpointHint =>
  endpointHint({ url: `${url}/`, expectations: [DIGEST], ...change })

/** A directory with one lease, ours unless told otherwise. */
export async function directory(
  t: Test,
  endpoints: readonly EndpointHint[],
  documents: Readonly<Record<string, Uint8Array>> = { [DIGEST]: EXPECTED },
  change: Partial<LeaseHints> = {},
): Promise<FakeDirectory> {
  const one = await directoryOf([leaseHints({ lease: LEASE, endpoints, ...change })], documents)
  t.teardown(one.close)
  return one
}

/** What every call needs whose guests are minted, and on this machine. */
export const flagsFor = ({ guest }: Sidecar): string[] => [
  ...AUTHENTICITY,
  ...trust(guest.amd),
  ...AT_FLAGS,
  '--allow-private',
]

export interface JudgedLease extends Ran {
  readonly lease: LeaseResult
  /** Of each endpoint, what kept it from being verified. */
  readonly codes: readonly string[][]
}

/** The network of directories: plain HTTP to this machine. */
export const ONLINE: World = { fetch }

/** `assay verify --lease … --json` that comes to a result. */
export async function verifyLease(argv: readonly string[], world = ONLINE): Promise<JudgedLease> {
  const ran = await assay(['verify', ...LEASE_FLAGS, ...argv, '--json'], world)
  const lease: LeaseResult = JSON.parse(ran.out)
  if (!lease.endpoints) throw new Error(ran.err)
  const codes = lease.endpoints.map(({ error, appraisal }) => [
    ...(error ? [error.code] : []),
    ...new Set((appraisal?.findings ?? []).flatMap(({ code }) => code ?? [])),
  ])
  return { ...ran, lease, codes }
}

// SPDX-License-Identifier: Apache-2.0
// Expectations of a workload → the sections of a policy. What a tenant's own policy says stays: an
// expectation fills what it leaves open, and narrows the rest.

import {
  DRIVER_RIM_ID,
  type Expectations,
  type SnpExpectations,
  VBIOS_RIM_ID,
} from '../discovery/expectations.js'
import { AttestationError } from '../errors.js'
import { narrowFloors } from './expectations-floors.js'
import { authenticity, type GpuPolicy, type Policy, parsePolicy, type SnpPolicy } from './policy.js'

/** Characters of a policy's name that stay, so that the longest one has room for what is added. */
const NAME_LEN = 60

/**
 * The policy that accepts exactly what meets both: evidence that `policy` refuses, it refuses as
 * well. Lists become what both have, minimum levels the higher ones. A kind of TEE that the
 * expectations say nothing of is not accepted. What they say of TDX awaits policies on TDX, and the
 * image of the sidecar has no evidence of its own.
 *
 * @throws {AttestationError} `ERR_EXPECTATIONS_CONFLICT` where nothing can meet both;
 * `ERR_POLICY_DOCUMENT` for a policy that is none
 */
export function withExpectations(policy: Policy | 'authenticity', expected: Expectations): Policy {
  const { snp, gpus, ...own } = policy === 'authenticity' ? authenticity() : parsePolicy(policy)
  const merged = {
    ...own,
    name: `${own.name.slice(0, NAME_LEN)}, as ${expected.name}`.slice(0, 100),
    ...(snp && expected.snp && { snp: narrowSnp(snp, expected.snp) }),
    ...(gpus && { gpus: expected.gpus ? narrowGpus(gpus, expected.gpus.rims) : gpus }),
  }
  if (!merged.snp) throw conflict('snp', 'only one of them accepts SEV-SNP')
  return parsePolicy(merged)
}

const narrowSnp = (own: SnpPolicy, expected: SnpExpectations): SnpPolicy => ({
  ...own,
  measurement: both(
    own.measurement,
    expected.measurements.map(({ measurement }) => measurement),
    'snp.measurement',
  ),
  hostData: both(own.hostData, expected.hostData, 'snp.hostData'),
  minimumTcb: {
    ...own.minimumTcb,
    reported: narrowFloors(own.minimumTcb.reported, expected.minimumTcb),
  },
})

/** A policy that does not look at GPUs begins to, as the built-in one does. */
function narrowGpus(own: GpuPolicy | 'any', rims: readonly string[]): GpuPolicy {
  const base = own === 'any' ? authenticity().gpus : own
  const drivers = versions(rims, DRIVER_RIM_ID)
  const vbios = versions(rims, VBIOS_RIM_ID).map(dotted)
  return {
    ...base,
    // Expectations of GPUs are not met by a machine that has none.
    minimumCount: base.minimumCount === 'any' ? 1 : base.minimumCount,
    drivers: both(base.drivers, drivers.length > 0 ? drivers : 'any', 'gpus.drivers'),
    vbios: both(base.vbios, vbios.length > 0 ? vbios : 'any', 'gpus.vbios'),
    rim: 'require',
  }
}

/** Of the ids of one kind, each version once: the boards of a machine may differ. */
const versions = (rims: readonly string[], id: RegExp): string[] => [
  ...new Set(rims.flatMap((rim) => id.exec(rim)?.[1] ?? [])),
]

/** `96009F0001` as reports have it: `96.00.9F.00.01`. */
const dotted = (version: string): string => version.replace(/..(?!$)/g, '$&.')

type List = readonly string[] | 'any'

function both(own: List, expected: List, field: string): List {
  if (expected === 'any') return own
  if (own === 'any') return expected
  const common = own.filter((one) => expected.includes(one))
  if (common.length > 0) return common
  throw conflict(field, 'nothing is in both')
}

const conflict = (field: string, sentence: string): AttestationError =>
  new AttestationError(
    'ERR_EXPECTATIONS_CONFLICT',
    `${field} of the policy and of the expectations: ${sentence}`,
  )

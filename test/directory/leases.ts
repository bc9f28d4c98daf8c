// SPDX-License-Identifier: Apache-2.0
// Leases of the test world, by owner and dseq.

import type { EndpointHint, LeaseHints, LeaseId } from '../../src/discovery/index.js'
import { addressOf, endpointHint, leaseHints } from '../fake/akash.js'

export { addressOf as ownerOf, endpointHint as endpoint } from '../fake/akash.js'

export const leaseId = (dseq: number | string, change: Partial<LeaseId> = {}): LeaseId => ({
  owner: addressOf(0),
  dseq: `${dseq}`,
  gseq: 1,
  oseq: 1,
  ...change,
})

export const hints = (
  lease: LeaseId,
  endpoints: readonly EndpointHint[] = [endpointHint()],
  provider: string | null = addressOf(999),
): LeaseHints => leaseHints({ lease, endpoints, provider })

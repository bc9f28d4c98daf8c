// SPDX-License-Identifier: Apache-2.0
// What the load asks a sidecar, and whether what it answers is true.

import { parseEvidence } from 'assay'
import { appraise } from 'assay/verify'
import { LIMITS, PATHS } from '../src/protocol.js'
import type { Machine } from '../src/simulate/machine.js'
import type { Side } from './contest.js'
import type { Sampled } from './load-tally.js'

type Ask = Side['ask']

/** `/v1/evidence` in batch mode, with everything that it can carry but keys. */
export const BATCH: Ask = {
  path: PATHS.evidence,
  before: '{"nonce":"',
  after: '","batch":true}',
  nonceLength: LIMITS.nonceLeast,
}
/** `/quote` in raw mode. */
export const RAW: Ask = {
  path: PATHS.quote,
  before: '{"nonce":"',
  after: '"}',
  nonceLength: LIMITS.nonceMost,
}
/** The bare route, with a body like that of the request it stands in for. */
export const bareLike = (ask: Ask, length: number): Ask => ({ ...ask, path: `/${length}` })

/** How many of the answers are evidence over their nonce, signed by this machine. */
export async function verified(sample: readonly Sampled[], machine: Machine): Promise<number> {
  let count = 0
  for (const { nonce, body } of sample) {
    const { result } = await appraise({
      evidence: parseEvidence(Buffer.from(body, 'base64').toString()),
      challenge: { nonce: new Uint8Array(Buffer.from(nonce, 'base64')), channelSpki: null },
      endorsements: [machine.crl],
      roots: [machine.ark],
      at: new Date(),
      policy: 'authenticity',
    })
    if (result === 'verified') count += 1
  }
  return count
}

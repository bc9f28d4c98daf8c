// SPDX-License-Identifier: Apache-2.0
// What a directory serves that was given no source: one lease that nobody has, so that every resource
// can be looked at.

import { expectationsDigest } from '../discovery/expectations.js'
import type { LeaseHints } from '../discovery/lease.js'
import type { Source } from './source.js'

const MEASUREMENT_DIGITS = 96

/** It expects nothing that hardware would ever say. */
export const EXAMPLE_EXPECTATIONS: Uint8Array = new TextEncoder().encode(
  `${JSON.stringify(
    {
      format: 'assay.expectations.v1',
      name: 'example: expects what no guest is',
      snp: {
        measurements: [{ vcpus: 2, measurement: '0'.repeat(MEASUREMENT_DIGITS) }],
        hostData: 'any',
        minimumTcb: 'any',
      },
      sidecarImage: 'any',
    },
    null,
    2,
  )}\n`,
)

export const EXAMPLE_LEASE: LeaseHints = {
  lease: {
    owner: 'akash1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq7cdc78',
    dseq: '1',
    gseq: 1,
    oseq: 1,
  },
  provider: null,
  endpoints: [
    {
      service: 'web',
      replica: '0',
      url: 'https://sidecar.example.com:8790',
      kind: 'direct',
      tee: 'snp',
      gpus: 0,
      protocols: ['aep83', 'assay.evidence.v1'],
      expectations: [expectationsDigest(EXAMPLE_EXPECTATIONS)],
    },
  ],
}

export const exampleSource = (): Source => ({
  connected: true,
  start: async (state) => {
    state.setExpectations(
      new Map([[expectationsDigest(EXAMPLE_EXPECTATIONS), EXAMPLE_EXPECTATIONS]]),
    )
    state.replaceLeases([EXAMPLE_LEASE])
  },
  close: async () => {},
})

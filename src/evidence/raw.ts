// SPDX-License-Identifier: Apache-2.0
// A report by itself, without the answer that it came in.

import type { Evidence } from './types.js'

/** Evidence that is one report or quote, and nothing else: what raw mode of AEP-83 answers with. */
export function rawEvidence(tee: Evidence['tee'], report: Uint8Array): Evidence {
  return {
    tee,
    mode: 'raw',
    report: new Uint8Array(report),
    endorsements: [],
    auxblob: new Uint8Array(),
    gpus: [],
    claims: { tlsSpki: null, hpke: null, userData: null },
    batch: null,
  }
}

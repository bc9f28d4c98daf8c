// SPDX-License-Identifier: Apache-2.0
// `assay.evidence.v1` put together as protocol sections 3 to 5 say, on the independent reading of
// them. Who signs is up to the caller: an honest guest, or somebody who has others sign.

import type { Claim } from '../../src/core/claims.js'
import type { EvidenceAnswer, EvidenceRequest } from '../../src/protocol.js'
import { gpuEvidenceDigest, gpuNonce } from '../oracle/digest.js'
import { Tree } from '../oracle/merkle.js'
import * as oracle from '../oracle/report-data.js'
import type { GpuAnswer } from './guest.js'
import { pattern } from './nvidia.js'

export interface Composer {
  readonly tlsSpki: Uint8Array
  /** KEM id and key. */
  readonly hpke: Uint8Array
  readonly endorsements: readonly Uint8Array[]
  readonly auxblob: Uint8Array
  askGpus(nonce: Uint8Array): Promise<GpuAnswer[]> | GpuAnswer[]
  attest(reportData: Uint8Array): Promise<Uint8Array>
}

/** In batch mode the request stands among others, so that its paths have turns to both sides. */
export const BATCH_SIZE = 5
export const BATCH_INDEX = 2

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const decode = (text: string): Buffer => Buffer.from(text, 'base64')

export async function compose(
  request: EvidenceRequest,
  composer: Composer,
): Promise<EvidenceAnswer> {
  const nonce = decode(request.nonce)
  const nonces = among(nonce, 1000)
  const gpus = await composer.askGpus(gpuNonce(request.batch ? nonces.root() : nonce))
  const { claims, answered } = claimsOf(request, composer, gpus)
  const entry = oracle.bound(oracle.encode(claims))
  const entries = among(entry, 2000)
  const path = (tree: Tree): string[] => tree.path(BATCH_INDEX).map(base64)
  const report = await composer.attest(
    request.batch ? oracle.batch(BATCH_SIZE, entries.root()) : entry,
  )
  return {
    format: 'assay.evidence.v1',
    tee: 'snp',
    report: base64(report),
    endorsements: request.endorsements === false ? [] : composer.endorsements.map(base64),
    auxblob: base64(composer.auxblob),
    gpus: gpus.map(({ index, report: evidence, certChain }) => ({
      index,
      evidence: base64(evidence),
      cert_chain: base64(certChain),
    })),
    claims: answered,
    ...(request.batch && {
      batch: {
        size: BATCH_SIZE,
        index: BATCH_INDEX,
        claim_path: path(entries),
        ...(gpus.length > 0 && { nonce_path: path(nonces) }),
      },
    }),
  }
}

/** A tree that holds `entry` at BATCH_INDEX among made-up ones. */
function among(entry: Uint8Array, seed: number): Tree {
  return new Tree(
    Array.from({ length: BATCH_SIZE }, (_, index) =>
      index === BATCH_INDEX ? entry : pattern(64, seed + index),
    ),
  )
}

function claimsOf(
  { nonce, bind = [], user_data }: EvidenceRequest,
  { tlsSpki, hpke }: Composer,
  gpus: readonly GpuAnswer[],
): { claims: Claim[]; answered: EvidenceAnswer['claims'] } {
  const devices = gpus.map(({ index, report }) => ({ index, evidence: report }))
  const all: (Claim | false)[] = [
    { tag: 1, value: decode(nonce) },
    bind.includes('tls') && { tag: 2, value: tlsSpki },
    bind.includes('hpke') && { tag: 3, value: hpke },
    gpus.length > 0 && { tag: 4, value: gpuEvidenceDigest(devices) },
    user_data !== undefined && { tag: 5, value: oracle.userData(decode(user_data)) },
  ]
  return {
    claims: all.filter((claim) => claim !== false),
    answered: {
      ...(bind.includes('tls') && { tls_spki: base64(tlsSpki) }),
      ...(bind.includes('hpke') && { hpke: base64(hpke) }),
      ...(user_data !== undefined && { user_data }),
    },
  }
}

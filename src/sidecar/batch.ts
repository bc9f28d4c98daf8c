// SPDX-License-Identifier: Apache-2.0
// One batch: the requests that one report answers, and their two trees (assay evidence protocol,
// section 4).

import { gpuNonce } from '../core/digest.js'
import { type MerkleTree, merkleTree } from '../core/merkle-tree.js'
import type { Bytes } from '../core/private-copy.js'
import { reportDataBatch } from '../core/report-data.js'
import { type AnswerBatch, base64 } from './answers.js'
import type { EvidenceQuery } from './requests.js'

export class Batch {
  #queries: readonly EvidenceQuery[] | null = null
  #nonces: MerkleTree | null = null
  #claims: MerkleTree | null = null

  /** @param take called once, when the batch has its turn: those who wait by then */
  constructor(private readonly take: () => readonly EvidenceQuery[]) {}

  get queries(): readonly EvidenceQuery[] {
    this.#queries ??= this.take()
    return this.#queries
  }

  get size(): number {
    return this.queries.length
  }

  /** What every GPU is asked; null when nobody waits any more. */
  gpuNonce(): Bytes | null {
    if (this.size === 0) return null
    this.#nonces = merkleTree(this.queries.map(({ nonce }) => nonce))
    return gpuNonce(this.#nonces.root)
  }

  /**
   * REPORT_DATA for all; null when nobody waits any more.
   *
   * @param entry the 64 bytes that bound mode would use for a request
   */
  reportData(entry: (query: EvidenceQuery) => Bytes): Bytes | null {
    if (this.size === 0) return null
    this.#claims = merkleTree(this.queries.map(entry))
    return reportDataBatch(this.size, this.#claims.root)
  }

  /** Where the request at `index` stands, after `reportData`. */
  place(index: number): AnswerBatch {
    const path = (tree: MerkleTree) => tree.path(index).map(base64)
    return {
      size: this.size,
      index,
      claim_path: path(this.#claims as MerkleTree),
      ...(this.#nonces && { nonce_path: path(this.#nonces) }),
    }
  }
}

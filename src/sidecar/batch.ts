// SPDX-License-Identifier: Apache-2.0
// One batch: the requests that one report answers, and their two trees (assay evidence protocol,
// section 4).

import { gpuNonce } from '../core/digest.js'
import { merkleTree } from '../core/merkle-tree.js'
import type { Bytes } from '../core/private-copy.js'
import { reportDataBatch } from '../core/report-data.js'
import { type AnswerBatch, base64 } from './answers.js'
import type { EvidenceQuery } from './requests.js'

/** A hash of 48 bytes in base64, which fills it without a rest: so do many in one text. */
const HASH_TEXT_LEN = 64

/** The inclusion paths of one tree (RFC 9162 §2.1.3.1), cut from levels that are encoded once. */
class Paths {
  readonly root: Bytes
  readonly #levels: readonly string[]

  constructor(entries: readonly Uint8Array[]) {
    const tree = merkleTree(entries)
    this.root = tree.root
    this.#levels = tree.levels.map(base64)
  }

  /** The leaf's sibling first. */
  of(index: number): string[] {
    const path: string[] = []
    for (const [height, level] of this.#levels.entries()) {
      const at = ((index >> height) ^ 1) * HASH_TEXT_LEN
      if (at < level.length) path.push(level.slice(at, at + HASH_TEXT_LEN))
    }
    return path
  }
}

export class Batch {
  #queries: readonly EvidenceQuery[] | null = null
  #nonces: Paths | null = null
  #claims: Paths | null = null

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
    this.#nonces = new Paths(this.queries.map(({ nonce }) => nonce))
    return gpuNonce(this.#nonces.root)
  }

  /**
   * REPORT_DATA for all; null when nobody waits any more.
   *
   * @param entry the 64 bytes that bound mode would use for a request
   */
  reportData(entry: (query: EvidenceQuery) => Bytes): Bytes | null {
    if (this.size === 0) return null
    this.#claims = new Paths(this.queries.map(entry))
    return reportDataBatch(this.size, this.#claims.root)
  }

  /** Where the request at `index` stands, after `reportData`. */
  place(index: number): AnswerBatch {
    return {
      size: this.size,
      index,
      claim_path: (this.#claims as Paths).of(index),
      ...(this.#nonces && { nonce_path: this.#nonces.of(index) }),
    }
  }
}

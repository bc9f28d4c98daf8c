// SPDX-License-Identifier: Apache-2.0
// Evidence (RFC 9334) as an Attester gave it, decoded from its transport and not judged yet.

import type { Bytes } from '../core/private-copy.js'
import type { Code } from '../errors.js'
import type { Mode, Tee } from '../protocol.js'

/** What one GPU said. */
export interface GpuEvidence {
  readonly index: number
  /** Its attestation report; with `assay.evidence.v1`, exactly the bytes that the digest G covers. */
  readonly evidence: Bytes
  /** PEM, the leaf first; empty when the answer had none. */
  readonly certChain: Bytes
}

/** Where a request stands in its batch (protocol section 4). */
export interface BatchProof {
  readonly size: number
  readonly index: number
  /** 48-byte hashes, the leaf's sibling first. */
  readonly claimPath: readonly Bytes[]
  /** Null without GPUs. */
  readonly noncePath: readonly Bytes[] | null
}

/** What an attester answered, parsed and not yet judged. */
export interface Evidence {
  readonly tee: Tee
  readonly mode: Mode
  readonly report: Bytes
  /** DER or PEM, as the answer carried them. */
  readonly endorsements: readonly Bytes[]
  /** Certificate table as the platform gave it; empty if none. */
  readonly auxblob: Bytes
  readonly gpus: readonly GpuEvidence[]
  /** What the answer says was bound besides the nonce. */
  readonly claims: {
    readonly tlsSpki: Bytes | null
    readonly hpke: Bytes | null
    readonly userData: Bytes | null
  }
  readonly batch: BatchProof | null
}

/** What a file of evidence holds. */
export interface EvidenceFile {
  readonly evidence: Evidence
  /** The answer of the Attester as it was parsed from JSON, every member kept. */
  readonly answer: unknown
  /** As stated in a bundle; null in a bare answer. */
  readonly nonce: Bytes | null
  /** DER key of the TLS connection that the answer came over, as recorded in a bundle. */
  readonly channelSpki: Bytes | null
  /** That the answer was asked to bind, as recorded in a bundle; null when there was none. */
  readonly userData: Bytes | null
  /** That a bundle adds to those of the answer. */
  readonly endorsements: readonly Bytes[]
  /** RIMs of its GPUs that a bundle adds, XML. */
  readonly rims: readonly Bytes[]
  /** OCSP responses about GPUs and their RIMs that a bundle adds, DER. */
  readonly ocspResponses: readonly Bytes[]
}

/** Whose mistake a malformed document is: the Attester's, or of the file that was handed in. */
export type FormatCode = Extract<
  Code,
  'ERR_EVIDENCE_FORMAT' | 'ERR_FILE_FORMAT' | 'ERR_ATTESTER_ANSWER'
>

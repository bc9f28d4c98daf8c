// SPDX-License-Identifier: Apache-2.0
// Answers as the bytes that go out. What requests share (a report with its certificates) is encoded
// once, and the very same bytes go out with each answer: copies of them would cost as much as all the
// rest of a request. Base64 needs no escapes, so JSON is put together rather than serialised.

import { AEP83_PROTOCOL_VERSION, FORMATS, type Platform, type Tee } from '../protocol.js'
import type { PlatformCertificates } from './certificates.js'
import type { GpuReport } from './surface.js'

/** A body: its parts in order, text among them in ASCII. */
export type Body = readonly (Buffer | string)[]

/** What the hardware gave for one request, or for one batch. */
export interface Collected {
  readonly report: Uint8Array
  readonly certificates: PlatformCertificates
  readonly gpus: readonly GpuReport[]
}

/** Keys and data that were bound, base64. */
export interface AnswerClaims {
  readonly tls_spki?: string
  readonly hpke?: string
  readonly user_data?: string
}

/** Where a request stands in its batch; hashes in base64. */
export interface AnswerBatch {
  readonly size: number
  readonly index: number
  readonly claim_path: readonly string[]
  /** On GPU platforms. */
  readonly nonce_path?: readonly string[]
}

/** Answers of `/quote`, with the new line that Go's encoder ends with. */
export class QuoteWriter {
  #shared: { readonly of: PlatformCertificates; readonly bytes: Buffer } | null = null

  constructor(private readonly platform: Platform) {}

  write({ report, certificates, gpus }: Collected, tlsBound: boolean): Body {
    if (this.#shared?.of !== certificates) {
      this.#shared = { of: certificates, bytes: this.#encode(certificates) }
    }
    const devices = gpus.length > 0 ? `,"gpu_reports":${JSON.stringify(gpus.map(quoteGpu))}` : ''
    return [
      `{"report":"${base64(report)}"`,
      this.#shared.bytes,
      `${devices},"tls_bound":${tlsBound}}\n`,
    ]
  }

  #encode({ certChain, auxblob }: PlatformCertificates): Buffer {
    const members = { cert_chain: certChain, tee_platform: this.platform, auxblob }
    return Buffer.from(`,${JSON.stringify(members).slice(1, -1)}`)
  }
}

/** One device in both forms: what the first sidecar joined, and its parts beside it. */
function quoteGpu({ index, report, cec, certChain, architecture, uuid }: GpuReport) {
  return {
    device_index: index,
    report: base64(Buffer.concat([report, cec ?? new Uint8Array(), certChain])),
    attestation_report: base64(report),
    ...(cec && { cec_report: base64(cec) }),
    certificate_chain: base64(certChain),
    architecture,
    uuid,
  }
}

/** Answer of `/info`. */
export function infoAnswer(platform: Platform, gpus: boolean, tlsSpki: Uint8Array): string {
  const answer = {
    tee_platform: platform,
    protocol_version: AEP83_PROTOCOL_VERSION,
    ...(gpus && { gpu_available: true }),
    tls_public_key: base64(tlsSpki),
  }
  return `${JSON.stringify(answer)}\n`
}

/** Everything of an `/v1/evidence` answer that does not depend on the request, unfinished. */
export function evidenceHead(
  tee: Tee,
  { report, certificates, gpus }: Collected,
  withEndorsements: boolean,
): Buffer {
  const answer = {
    format: FORMATS.evidence,
    tee,
    report: base64(report),
    endorsements: withEndorsements ? certificates.endorsements : [],
    auxblob: certificates.auxblob,
    gpus: gpus.map((gpu) => ({
      index: gpu.index,
      evidence: base64(gpu.report),
      cert_chain: base64(gpu.certChain),
    })),
  }
  return Buffer.from(JSON.stringify(answer).slice(0, -1))
}

/** The whole answer that `head` begins. */
export function evidenceAnswer(
  head: Buffer,
  claims: AnswerClaims,
  batch: AnswerBatch | null,
): Body {
  const placed = batch ? `,"batch":${JSON.stringify(batch)}` : ''
  return [head, `,"claims":${JSON.stringify(claims)}${placed}}`]
}

export const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

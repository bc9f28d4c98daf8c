// SPDX-License-Identifier: Apache-2.0
// Answers as the bytes that go out: what is a request's own as text, then what requests share (a report
// with its certificates), which is encoded once. The very same bytes go out with each answer: copies of
// them would cost as much as all the rest of a request, and so would a third piece half as much.
// Base64 needs no escapes, so JSON is put together rather than serialised.

import { AEP83_PROTOCOL_VERSION, FORMATS, type Platform, type Tee } from '../protocol.js'
import type { PlatformCertificates } from './certificates.js'
import type { GpuReport } from './surface.js'

/** The two parts of a body, in order. */
export interface Body {
  /** ASCII. */
  readonly own: string
  readonly shared: Buffer
}

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
  #last: { readonly of: PlatformCertificates; readonly rests: Map<boolean, Buffer> } | null = null

  constructor(private readonly platform: Platform) {}

  write({ report, certificates, gpus }: Collected, tlsBound: boolean): Body {
    const shared =
      gpus.length > 0
        ? this.#rest(certificates, gpus, tlsBound)
        : this.#known(certificates, tlsBound)
    return { own: `{"report":"${base64(report)}"`, shared }
  }

  #known(certificates: PlatformCertificates, tlsBound: boolean): Buffer {
    if (this.#last?.of !== certificates) this.#last = { of: certificates, rests: new Map() }
    const { rests } = this.#last
    const rest = rests.get(tlsBound) ?? this.#rest(certificates, [], tlsBound)
    rests.set(tlsBound, rest)
    return rest
  }

  #rest(
    { certChain, auxblob }: PlatformCertificates,
    gpus: readonly GpuReport[],
    tlsBound: boolean,
  ): Buffer {
    const members = {
      cert_chain: certChain,
      tee_platform: this.platform,
      auxblob,
      ...(gpus.length > 0 && { gpu_reports: gpus.map(quoteGpu) }),
      tls_bound: tlsBound,
    }
    return Buffer.from(`,${JSON.stringify(members).slice(1)}\n`)
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

/**
 * Answer of `/info`.
 *
 * @param tlsSpki null over plain HTTP
 */
export function infoAnswer(platform: Platform, gpus: boolean, tlsSpki: Uint8Array | null): string {
  const answer = {
    tee_platform: platform,
    protocol_version: AEP83_PROTOCOL_VERSION,
    ...(gpus && { gpu_available: true }),
    ...(tlsSpki && { tls_public_key: base64(tlsSpki) }),
  }
  return `${JSON.stringify(answer)}\n`
}

/** Everything of an `/v1/evidence` answer that does not depend on the request. */
export function sharedEvidence(
  { report, certificates, gpus }: Collected,
  withEndorsements: boolean,
): Buffer {
  const members = {
    report: base64(report),
    endorsements: withEndorsements ? certificates.endorsements : [],
    auxblob: certificates.auxblob,
    gpus: gpus.map((gpu) => ({
      index: gpu.index,
      evidence: base64(gpu.report),
      cert_chain: base64(gpu.certChain),
    })),
  }
  return Buffer.from(JSON.stringify(members).slice(1))
}

/** The whole answer that `shared` ends. */
export function evidenceAnswer(
  tee: Tee,
  shared: Buffer,
  claims: AnswerClaims,
  batch: AnswerBatch | null,
): Body {
  const placed = batch ? `"batch":${batchMember(batch)},` : ''
  const own = `{"format":"${FORMATS.evidence}","tee":"${tee}","claims":${JSON.stringify(claims)},${placed}`
  return { own, shared }
}

function batchMember({ size, index, claim_path, nonce_path }: AnswerBatch): string {
  const nonces = nonce_path ? `,"nonce_path":${list(nonce_path)}` : ''
  return `{"size":${size},"index":${index},"claim_path":${list(claim_path)}${nonces}}`
}

const list = (hashes: readonly string[]): string =>
  hashes.length === 0 ? '[]' : `["${hashes.join('","')}"]`

export const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

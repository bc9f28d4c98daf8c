// SPDX-License-Identifier: Apache-2.0
// AEP-83's `POST /quote` and `GET /info`, of a sidecar, or through a provider's gateway.

import * as v from 'valibot'
import type { Bytes } from '../core/private-copy.js'
import { toBase64 } from '../encoding.js'
import { bytes, read, readEvidence } from '../evidence.js'
import { LIMITS, PATHS, PLATFORMS, type Platform, type QuoteRequest } from '../protocol.js'
import { type FetchedEvidence, unasked } from './evidence.js'
import { exchange, REACH_NAMES, type Reach } from './exchange.js'
import { checkFlag, checkNames, checkNonce } from './options.js'
import { endpoint } from './urls.js'

/** What to ask an AEP-83 sidecar for. */
export interface QuoteOptions extends Reach {
  /** Fresh and random, exactly 64 bytes. */
  readonly nonce: Uint8Array
  /** Whether REPORT_DATA is to name the sidecar's TLS key; false when not given. */
  readonly bindTls?: boolean
}

/** What a sidecar says of itself, unsigned. */
export interface Info {
  readonly platform: Platform
  readonly protocolVersion: string
  readonly gpuAvailable: boolean
  /** DER SubjectPublicKeyInfo; null over plain HTTP. */
  readonly tlsPublicKey: Bytes | null
  /** DER key of the connection that said so; null when the transport does not know. */
  readonly channelSpki: Bytes | null
}

const NAMES = [...REACH_NAMES, 'nonce', 'bindTls'] as const

const INFO = v.object({
  tee_platform: v.picklist(PLATFORMS),
  protocol_version: v.string(),
  gpu_available: v.exactOptional(v.boolean(), false),
  tls_public_key: v.exactOptional(bytes(1, LIMITS.spki)),
})

/**
 * Asks as AEP-83 does. The answer is decoded and compared with the question, and not appraised.
 * Rejects with the reason of `signal` once that aborts.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` and `ERR_REPORT_DATA_LENGTH` for a wrong call;
 * `ERR_ATTESTER_NETWORK`, `ERR_ATTESTER_TIMEOUT`, `ERR_ATTESTER_STATUS`, `ERR_ATTESTER_REFUSED`
 * without an answer; `ERR_ATTESTER_ANSWER`, `ERR_EVIDENCE_FORMAT`, or an `ERR_NVIDIA_…` code for an
 * answer that is not one
 */
export async function fetchQuote(options: QuoteOptions): Promise<FetchedEvidence> {
  checkNames(options, NAMES)
  const { nonce, bindTls = false } = options
  checkNonce(nonce, LIMITS.nonceMost, LIMITS.nonceMost)
  checkFlag(bindTls, 'bindTls')
  const body: QuoteRequest = { nonce: toBase64(nonce), bind_tls: bindTls }
  const exchanged = await exchange(options, endpoint(options.url, PATHS.quote), body)
  const evidence = readEvidence(exchanged.answer, { code: 'ERR_EVIDENCE_FORMAT', within: '' })
  const asked = bindTls ? 'tls' : 'raw'
  if (evidence.mode !== asked) {
    throw unasked(`${asked} evidence was asked for, and it is ${evidence.mode}`)
  }
  return { ...exchanged, evidence }
}

/**
 * What a sidecar says of itself. A provider's gateway has no such endpoint.
 *
 * @throws {AttestationError} as `fetchQuote`
 */
export async function fetchInfo(reach: Reach): Promise<Info> {
  checkNames(reach, REACH_NAMES)
  const { answer, channelSpki } = await exchange(reach, endpoint(reach.url, PATHS.info), null)
  const info = read(INFO, answer, { code: 'ERR_ATTESTER_ANSWER', within: '' })
  return {
    platform: info.tee_platform,
    protocolVersion: info.protocol_version,
    gpuAvailable: info.gpu_available,
    tlsPublicKey: info.tls_public_key ?? null,
    channelSpki,
  }
}

// SPDX-License-Identifier: Apache-2.0
// NVIDIA's OCSP responder, or a mirror of it, asked for the status of one certificate at a time
// (RFC 6960).

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { toHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import type { Keeper } from './keeper.js'
import { parseOcsp } from './ocsp.js'
import { hashesOf } from './ocsp-id.js'
import { type CheckedOcspOptions, checkOcspOptions, type OcspOptions } from './ocsp-options.js'
import { encodeOcspRequest } from './ocsp-request.js'
import { type Genuine, genuineStatuses, isCurrent } from './ocsp-status.js'
import { openKeeper } from './service.js'
import type { Certificate } from './x509.js'

export type { OcspOptions } from './ocsp-options.js'

/** Every refusal is an AttestationError, of the layer `unavailable` or `endorsement`. */
export interface OcspClient {
  /** An OCSPResponse, DER, about this certificate: genuine, and current at that time if possible. */
  status(certificate: Certificate, issuer: Certificate, at: Date): Promise<Bytes>
}

/** As long as RFC 8954 allows. */
const NONCE_LEN = 32
/** Several times what NVIDIA's responder answers. */
const MAX_ANSWER_LEN = 0x4000

/**
 * Answers are checked, kept in the store, and used again for an hour while they are current. Each
 * request carries a nonce of its own.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`. What it returns rejects with `ERR_ENDORSER_…` codes and
 * `ERR_OCSP_REFUSED`
 */
export function nvidiaOcsp(options: OcspOptions): OcspClient {
  return new NvidiaOcsp(checkOcspOptions(options))
}

/** A response, and what it says about the certificate in question. */
interface Answer {
  readonly der: Bytes
  readonly statuses: readonly Genuine[]
}

class NvidiaOcsp implements OcspClient {
  readonly #options: CheckedOcspOptions
  readonly #keeper: Keeper

  constructor(options: CheckedOcspOptions) {
    this.#options = options
    this.#keeper = openKeeper(options)
  }

  async status(certificate: Certificate, issuer: Certificate, at: Date): Promise<Bytes> {
    const { baseUrl, random, reuseMs } = this.#options
    const nonce = new Uint8Array(random(NONCE_LEN))
    const { key } = await hashesOf(issuer, 'SHA-384')
    const read = (bytes: Bytes) => readAnswer(bytes, certificate, issuer)
    const { der } = await this.#keeper.obtain<Answer>({
      key: `ocsp/v1/${toHex(key)}/${certificate.serial}`,
      url: `${baseUrl}/`,
      what: `status of a certificate from ${new URL(baseUrl).host}`,
      maxLength: MAX_ANSWER_LEN,
      headers: { 'content-type': 'application/ocsp-request' },
      body: await encodeOcspRequest(certificate, issuer, nonce),
      read,
      readAnswer: async (bytes) => {
        this.#checkNonce(bytes, nonce)
        return read(bytes)
      },
      isFresh: ({ statuses }, age) =>
        age < reuseMs && statuses.some((status) => isCurrent(status, at)),
      // Whoever keeps us from asking must not keep a revocation from us.
      staleOnError: false,
      isSuccessor: (answer, kept) => newest(answer) >= newest(kept),
    })
    return der.slice()
  }

  #checkNonce(bytes: Bytes, asked: Bytes): void {
    const { nonce } = parseOcsp(bytes)
    if (this.#options.nonce === 'any' || (nonce && equalBytes(nonce, asked))) return
    throw new AttestationError('ERR_OCSP', 'the answer does not carry the nonce of the question')
  }
}

async function readAnswer(der: Bytes, subject: Certificate, issuer: Certificate): Promise<Answer> {
  const statuses = await genuineStatuses(parseOcsp(der), subject, issuer)
  if (statuses.length > 0) return { der, statuses }
  throw new AttestationError('ERR_OCSP', 'the answer is about another certificate')
}

const newest = ({ statuses }: Answer): number =>
  Math.max(...statuses.map(({ thisUpdate }) => thisUpdate.getTime()))

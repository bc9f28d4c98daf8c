// SPDX-License-Identifier: Apache-2.0
// Evidence from a live endpoint, of a sidecar of ours or of one that speaks AEP-83 only.

import {
  attesterStatus,
  fetchEvidence,
  fetchQuote,
  type QuoteOptions,
  type Transport,
} from '../client/index.js'
import { isQuoteUrl } from '../client/urls.js'
import { AttestationError } from '../errors.js'
import type { EvidenceFile } from '../evidence.js'
import { type Bind, LIMITS } from '../protocol.js'
import type { Io } from './io.js'
import { nodeTransport } from './transport.js'

export interface LiveOptions {
  /** 32 to 64 bytes, for AEP-83 exactly 64; random when not given. */
  readonly nonce?: Uint8Array
  /** Ask AEP-83's `/quote`, and nothing else. */
  readonly aep83: boolean
  readonly bind: readonly Bind[]
  readonly batch: boolean
  readonly userData?: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  /** Whether a name may only lead to hosts that everybody reaches; false when not given. */
  readonly publicOnly?: boolean
}

/** What came, as an evidence file would hold it, and the answer itself for `encodeBundle`. */
export interface LiveEvidence extends EvidenceFile {
  readonly nonce: NonNullable<EvidenceFile['nonce']>
  readonly answer: unknown
}

const NOT_FOUND = 404

/**
 * Fetches evidence. A sidecar without `/v1/evidence` is asked as AEP-83 does, provided that this can
 * give all that was asked for, and standard error says so.
 *
 * @param url base URL of a sidecar, or full URL of an endpoint, such as a provider gateway's
 * @throws {AttestationError} as `fetchEvidence` and `fetchQuote`; `ERR_USAGE` for AEP-83 with what
 * it cannot bind
 */
export async function fetchLive(
  url: string,
  options: LiveOptions,
  io: Pick<Io, 'random' | 'err'>,
): Promise<LiveEvidence> {
  const nonce = new Uint8Array(options.nonce ?? io.random(LIMITS.nonceMost))
  const transport = nodeTransport({ publicOnly: options.publicOnly ?? false })
  const quote: QuoteOptions = {
    url,
    transport,
    nonce,
    headers: options.headers,
    bindTls: options.bind.includes('tls'),
  }
  if (options.aep83 || isQuoteUrl(url)) {
    checkAep83(options)
    return live(nonce, await fetchQuote(quote))
  }
  try {
    const userData = options.userData ? new Uint8Array(options.userData) : null
    return live(nonce, await bound(url, nonce, options, transport), userData)
  } catch (error) {
    if (attesterStatus(error)?.status !== NOT_FOUND || excess(options) !== null) throw error
    io.err('assay: no /v1/evidence there; asking /quote of AEP-83\n')
    return live(nonce, await fetchQuote(quote))
  }
}

function bound(url: string, nonce: Uint8Array, options: LiveOptions, transport: Transport) {
  const { bind, batch, headers, userData } = options
  return fetchEvidence({
    url,
    transport,
    nonce,
    bind,
    batch,
    headers,
    ...(userData && { userData }),
  })
}

type Fetched = Awaited<ReturnType<typeof fetchQuote>>

function live(
  nonce: LiveEvidence['nonce'],
  fetched: Fetched,
  userData: LiveEvidence['userData'] = null,
): LiveEvidence {
  const { answer, evidence, channelSpki } = fetched
  return {
    answer,
    evidence,
    nonce,
    channelSpki,
    userData,
    endorsements: [],
    rims: [],
    ocspResponses: [],
  }
}

function checkAep83(options: LiveOptions): void {
  const name = excess(options)
  if (name === null) return
  throw new AttestationError('ERR_USAGE', `AEP-83 has no ${name}; /v1/evidence does`)
}

/** What AEP-83 cannot give; null when it can give everything. */
function excess({ bind, batch, userData }: LiveOptions): string | null {
  if (bind.includes('hpke')) return 'HPKE binding'
  if (batch) return 'batches'
  return userData ? 'user data' : null
}

// SPDX-License-Identifier: Apache-2.0
// Asks attestation services to vouch for GPUs. What comes back is neither kept nor believed here: a
// refusal has HTTP status 200 as well, and `appraiseNras` and `appraiseIta` read it.

import type { Bytes } from '../core/private-copy.js'
import { fromBase64 } from '../encoding.js'
import { AttestationError } from '../errors.js'
import { type GpuEvidence, parseJson } from '../evidence.js'
import { Fetcher, type Wanted } from './fetcher.js'
import { ITA_PORTALS } from './ita.js'
import { type JwkSet, KeyRing } from './jwk-set.js'
import { NRAS_ORIGIN } from './nras.js'
import { checkVoucherOptions, type ItaClientOptions, type NrasOptions } from './vouch-options.js'
import {
  type ItaNonce,
  type ItaOptions,
  itaRequest,
  type NrasArchitecture,
  nrasRequest,
} from './vouch-request.js'

/** NVIDIA's Remote Attestation Service. */
export interface NrasClient {
  /** An answer for `appraiseNras`. Nothing is sent twice that was answered. */
  attest(
    devices: readonly GpuEvidence[],
    nonce: Uint8Array,
    architecture: NrasArchitecture,
  ): Promise<unknown>
  /** The keys as of now. They change every few hours: keep them with the answer. */
  keys(): Promise<JwkSet>
}

/** Intel Trust Authority. */
export interface ItaClient {
  /** A nonce of the service, for a quote and for `itaGpuNonce`. */
  nonce(): Promise<ItaNonce>
  /** An answer for `appraiseIta`. */
  attest(
    devices: readonly GpuEvidence[],
    nonce: Uint8Array,
    architecture: 'HOPPER' | 'BLACKWELL',
    options?: ItaOptions,
  ): Promise<unknown>
  keys(): Promise<JwkSet>
}

/** Several times the answer for eight GPUs. */
const MAX_ANSWER_LEN = 0x40000
/** Several times what NVIDIA and Intel publish. */
const MAX_KEYS_LEN = 0x100000
const ITA_API = 'https://api.trustauthority.intel.com'
const JSON_TYPE = { accept: 'application/json', 'content-type': 'application/json' }

/**
 * A client of NVIDIA's service, in version 4 of its API. Using the service takes an agreement with
 * NVIDIA.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`. What it returns rejects with `ERR_ENDORSER_…` codes, and
 * with `ERR_ARGUMENT` for a request that is none
 */
export function nrasClient(options: NrasOptions): NrasClient {
  const { baseUrl, key, ...rest } = checkVoucherOptions(options, { baseUrl: NRAS_ORIGIN })
  const fetcher = new Fetcher(rest)
  const headers = key === undefined ? JSON_TYPE : { ...JSON_TYPE, authorization: `Bearer ${key}` }
  const at = `from ${new URL(baseUrl).host}`
  return {
    async attest(devices, nonce, architecture) {
      const body = JSON.stringify(nrasRequest(devices, nonce, architecture))
      const url = `${baseUrl}/v4/attest/${architecture === 'LS10' ? 'switch' : 'gpu'}`
      return json(fetcher, { url, what: `verdict ${at}`, maxLength: MAX_ANSWER_LEN, headers, body })
    },
    keys: () => keys(fetcher, `${baseUrl}/.well-known/jwks.json`, at),
  }
}

/**
 * A client of Intel Trust Authority, which asks NVIDIA's service itself. Using it takes a key of an
 * account.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`. What it returns rejects with `ERR_ENDORSER_…` codes, and
 * with `ERR_ARGUMENT` for a request that is none
 */
export function itaClient(options: ItaClientOptions): ItaClient {
  const urls = { apiUrl: ITA_API, portalUrl: ITA_PORTALS[0] }
  const { apiUrl, portalUrl, key, ...rest } = checkVoucherOptions(options, urls)
  const fetcher = new Fetcher(rest)
  const headers = key === undefined ? JSON_TYPE : { ...JSON_TYPE, 'x-api-key': key }
  const at = `from ${new URL(apiUrl).host}`
  const common = { maxLength: MAX_ANSWER_LEN, headers }
  return {
    async nonce() {
      const what = `nonce ${at}`
      const answer = await json(fetcher, { url: `${apiUrl}/appraisal/v2/nonce`, what, ...common })
      const { val, iat, signature } = (answer ?? {}) as Partial<ItaNonce>
      if (![val, iat, signature].every((part) => typeof part === 'string')) {
        throw new AttestationError('ERR_ENDORSER_ANSWER', `${what}: not a nonce`)
      }
      return { val, iat, signature } as ItaNonce
    },
    async attest(devices, nonce, architecture, asked) {
      const body = JSON.stringify(itaRequest(devices, nonce, architecture, asked))
      const url = `${apiUrl}/appraisal/v2/attest`
      return json(fetcher, { url, what: `token ${at}`, ...common, body })
    },
    keys: () => keys(fetcher, `${portalUrl}/certs`, `from ${new URL(portalUrl).host}`),
  }
}

/**
 * The nonce for GPUs that Intel's clients make out of one of the service: SHA-256 of its two parts.
 *
 * @throws {AttestationError} `ERR_ARGUMENT` for parts that are not base64
 */
export async function itaGpuNonce({ val, iat }: ItaNonce): Promise<Bytes> {
  const parts = [...fromBase64(val, 'val'), ...fromBase64(iat, 'iat')]
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(parts)))
}

async function json(fetcher: Fetcher, wanted: Wanted): Promise<unknown> {
  const bytes = await fetcher.get(wanted)
  try {
    return parseJson(bytes, 'ERR_ENDORSER_ANSWER')
  } catch (cause) {
    const { message } = cause as Error
    throw new AttestationError('ERR_ENDORSER_ANSWER', `${wanted.what}: ${message}`, { cause })
  }
}

async function keys(fetcher: Fetcher, url: string, at: string): Promise<JwkSet> {
  const what = `keys ${at}`
  const set = (await json(fetcher, { url, what, maxLength: MAX_KEYS_LEN })) as JwkSet
  try {
    new KeyRing(set)
  } catch (cause) {
    throw new AttestationError('ERR_ENDORSER_ANSWER', `${what}: not a JWK Set`, { cause })
  }
  return set
}

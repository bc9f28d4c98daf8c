// SPDX-License-Identifier: Apache-2.0
// NVIDIA's RIM service, or a mirror of it, as a source of RIMs.

import * as v from 'valibot'
import type { Bytes } from '../core/private-copy.js'
import { fromBase64, toHex } from '../encoding.js'
import { AttestationError } from '../errors.js'
import type { Keeper } from './keeper.js'
import { attempt } from './result.js'
import { openRim, type Rim } from './rim.js'
import type { WantedRim } from './rim-ids.js'
import {
  type CheckedRimClientOptions,
  checkRimClientOptions,
  type RimClientOptions,
} from './rim-options.js'
import { isFor, type RimSource } from './rim-source.js'
import { openKeeper } from './service.js'
import type { Certificate } from './x509.js'

export type { RimClientOptions } from './rim-options.js'
export type { RimSource } from './rim-source.js'

/** Several times what NVIDIA's service answers. */
const MAX_ANSWER_LEN = 0x60000

/** Of what it answers, what is looked at. SWID tags are one of its formats. */
const ANSWER = v.object({
  id: v.string(),
  rim: v.string(),
  sha256: v.string(),
  rim_format: v.optional(v.literal('TCG')),
})

/**
 * Answers are checked against what was asked and against NVIDIA's root, kept in the store, and used
 * again for a day. When the service fails, an older one is used all the same: its dates are judged
 * wherever it is used.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`. What it returns rejects with `ERR_ENDORSER_…` codes
 */
export function createRimClient(options: RimClientOptions): RimSource {
  return new RimClient(checkRimClientOptions(options))
}

/** A document, and what it says. */
interface Answer {
  readonly xml: Bytes
  readonly rim: Rim
}

class RimClient implements RimSource {
  readonly #options: CheckedRimClientOptions
  readonly #keeper: Keeper

  constructor(options: CheckedRimClientOptions) {
    this.#options = options
    this.#keeper = openKeeper(options)
  }

  async rim(wanted: WantedRim): Promise<readonly Bytes[]> {
    const { baseUrl, roots, reuseMs, now } = this.#options
    const { xml } = await this.#keeper.obtain<Answer>({
      key: `rim/v1/${wanted.id}`,
      url: `${baseUrl}/v1/rim/${wanted.id}`,
      what: `RIM ${wanted.id} from ${new URL(baseUrl).host}`,
      maxLength: MAX_ANSWER_LEN,
      read: (bytes) => readAnswer(bytes, wanted, roots),
      isFresh: ({ rim }, age) => age < reuseMs && now() <= rim.notAfter.getTime(),
      staleOnError: true,
      isSuccessor: ({ rim }, kept) => rim.notBefore >= kept.rim.notBefore,
    })
    return [xml.slice()]
  }
}

async function readAnswer(
  bytes: Bytes,
  wanted: WantedRim,
  roots: readonly Certificate[],
): Promise<Answer> {
  const answer = readJson(bytes)
  if (answer.id !== wanted.id) throw misfit('of another id')
  const xml = attempt(() => fromBase64(answer.rim, 'rim'))
  if (xml instanceof AttestationError) throw misfit(xml.message)
  const digest = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', xml)))
  if (digest !== answer.sha256.toLowerCase()) throw misfit('"sha256" is of something else')
  const rim = await openRim(xml, roots)
  if (!isFor(rim, wanted)) throw misfit(`for ${rim.version} of ${rim.product}`)
  return { xml, rim }
}

function readJson(bytes: Bytes): v.InferOutput<typeof ANSWER> {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw misfit('not JSON')
  }
  const { success, output } = v.safeParse(ANSWER, json)
  if (!success) throw misfit('not an object with id, rim and sha256, or in another format')
  return output
}

const misfit = (detail: string): AttestationError =>
  new AttestationError('ERR_ENDORSER_ANSWER', detail)

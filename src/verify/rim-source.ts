// SPDX-License-Identifier: Apache-2.0
// Where RIMs come from besides the evidence: a service, or a library of documents.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { readRoots } from './caller-roots.js'
import { openRim, type Rim } from './rim.js'
import type { WantedRim } from './rim-ids.js'

/**
 * Every refusal is an AttestationError: of the layer `unavailable`, or `endorsement` where something
 * wrong was handed out.
 */
export interface RimSource {
  /** The documents for one id, XML: one or more, since NVIDIA issues some of them several times. */
  rim(wanted: WantedRim): Promise<readonly Bytes[]>
}

/** Whether a RIM is for that chip and that version. Neither is to be guessed from its id. */
export const isFor = (
  { product, version }: Rim,
  { products, version: asked }: WantedRim,
): boolean => products.includes(product) && version === asked

/** Where else to look, and whom to trust. */
export interface RimLibraryOptions {
  /** Roots to accept besides NVIDIA's, DER or PEM. */
  readonly roots?: readonly Uint8Array[]
  /** Asked for what the library does not have. */
  readonly next?: RimSource
}

/**
 * Documents in a folder, say, found by what they say of themselves once they are verified. One that
 * cannot be verified is as good as absent: a library may hold what is not for this time or this world.
 *
 * @throws {AttestationError} `ERR_ARGUMENT`. What it returns rejects with `ERR_RIM_MISSING`, or as
 * `next` does
 */
export function rimLibrary(
  documents: readonly Uint8Array[],
  { roots = [], next }: RimLibraryOptions = {},
): RimSource {
  const copies = documents.map((document) => new Uint8Array(document))
  const trusted = readRoots(roots.map((root) => new Uint8Array(root)))
  return {
    async rim(wanted) {
      const opened = await Promise.allSettled(copies.map((xml) => openRim(xml, trusted)))
      const found = copies.filter((_, at) => {
        const rim = opened[at] as PromiseSettledResult<Rim>
        return rim.status === 'fulfilled' && isFor(rim.value, wanted)
      })
      if (found.length > 0) return found.map((xml) => xml.slice())
      if (next) return next.rim(wanted)
      const detail = `no RIM ${wanted.id} among ${copies.length} documents`
      throw new AttestationError('ERR_RIM_MISSING', detail)
    },
  }
}

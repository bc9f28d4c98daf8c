// SPDX-License-Identifier: Apache-2.0
// The RIMs at hand, opened once for all devices of an appraisal, and the one among them that a device
// is compared with.

import type { Bytes } from '../core/private-copy.js'
import { remember } from './cache.js'
import { isThere, type Problem, problemOf } from './result.js'
import { openRim, type Rim } from './rim.js'
import { compareMeasurements, type Measured } from './rim-compare.js'
import type { WantedRim } from './rim-ids.js'
import { isFor } from './rim-source.js'
import type { Certificate } from './x509.js'

export interface Shelf {
  readonly rims: readonly Rim[]
  /** Why some cannot be relied on. */
  readonly refused: readonly Problem[]
}

type Documents = readonly Bytes[]
type Roots = readonly Certificate[]
const shelves = new WeakMap<Documents, WeakMap<Roots, Promise<Shelf>>>()

/** The same for every device that is judged by the same list. */
export function openShelf(documents: Documents, roots: Roots): Promise<Shelf> {
  let byRoots = shelves.get(documents)
  if (byRoots === undefined) {
    byRoots = new WeakMap()
    shelves.set(documents, byRoots)
  }
  return remember(byRoots, roots, () => openAll(documents, roots))
}

async function openAll(documents: Documents, roots: Roots): Promise<Shelf> {
  const opened = await Promise.all(documents.map((xml) => openRim(xml, roots).catch(problemOf)))
  return {
    rims: opened.filter((one): one is Rim => isThere(one)),
    refused: opened.filter((one): one is Problem => !isThere(one)),
  }
}

export const isValidAt = ({ notBefore, notAfter }: Rim, at: Date): boolean =>
  notBefore <= at && at <= notAfter

/**
 * Of those for this chip and version, the one to compare with: valid rather than not, then the one
 * that most measurements agree with. Each of them is NVIDIA's word.
 */
export function choose(
  rims: readonly Rim[],
  wanted: WantedRim,
  { report, at }: { readonly report: Measured; readonly at: Date },
): Rim | null {
  const [first, ...more] = rims.filter((rim) => isFor(rim, wanted))
  if (first === undefined || more.length === 0) return first ?? null
  const ranked = [first, ...more].map((rim) => ({
    rim,
    invalid: Number(!isValidAt(rim, at)),
    wrong: compareMeasurements(report, { driver: rim, firmware: null }).mismatches.length,
  }))
  const [best] = ranked.sort((a, b) => a.invalid - b.invalid || a.wrong - b.wrong)
  return best?.rim as Rim
}

/** Five bytes in hex, and so no version of a driver. */
const FIRMWARE_VERSION = /^[0-9A-F]{2}(?:\.[0-9A-F]{2}){4}$/

/** One of the same kind that is for something else. */
export const strayOf = (rims: readonly Rim[], { kind }: WantedRim): Rim | undefined =>
  rims.find(({ version }) => FIRMWARE_VERSION.test(version) === (kind === 'vbios'))

// SPDX-License-Identifier: Apache-2.0
// The appraisal of one device by its RIMs: are they there, genuine and valid, and is what the device
// measured what NVIDIA says it should.

import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import type { GpuCheck } from './gpu-checks.js'
import type { Device } from './gpu-device.js'
import {
  attempt,
  type Finding,
  isThere,
  ofDevice,
  type Problem,
  problemOf,
  tried,
} from './result.js'
import type { Rim } from './rim.js'
import { compareMeasurements, type Measured } from './rim-compare.js'
import { empty, full, type Judged, judge, rimIn, type Slot } from './rim-findings.js'
import { driverRim, vbiosRim, type WantedRim } from './rim-ids.js'
import { type RimRevocation, withStatuses } from './rim-revocation.js'
import { choose, isValidAt, openShelf, type Shelf, strayOf } from './rim-shelf.js'
import type { RimSource } from './rim-source.js'
import type { Certificate } from './x509.js'

export interface RimContext {
  readonly at: Date
  /** Roots that the caller trusts besides NVIDIA's. */
  readonly roots: readonly Certificate[]
  /** RIMs at hand, XML, of whatever devices. The same list for all devices of an appraisal. */
  readonly documents: readonly Bytes[]
  /** Asked for what is not at hand, or no longer valid; null: nobody is asked. */
  readonly source: RimSource | null
  /** Absent: the certificates of RIMs are believed as long as they are valid. */
  readonly revocation?: RimRevocation
}

/** The RIM that a device was compared with, JSON-ready. */
export interface RimClaim {
  readonly tagId: string
  readonly product: string
  readonly version: string
  /** SHA-256 of the document in hex: NVIDIA issues some several times under one id and one tag. */
  readonly sha256: string
  /** Who vouches for its root. */
  readonly root: Rim['anchor']
  /** ISO 8601. */
  readonly notBefore: string
  readonly notAfter: string
}

export interface AppraisedRims {
  readonly findings: readonly Finding[]
  readonly claims: {
    readonly driver: RimClaim | null
    readonly vbios: RimClaim | null
    readonly measurements: Judged['measurements']
  }
}

/** Looks at both RIMs of a GPU, or the one of an NVSwitch, and compares with what there is. */
export async function appraiseRims(device: Device, context: RimContext): Promise<AppraisedRims> {
  const shelf = await openShelf(context.documents, context.roots)
  const { opaqueData } = device
  // Read once: a report copies them at every access.
  const { kind, measurements } = device.report
  const described = { ...device, report: { kind, measurements, opaqueData } }
  const fillFor = async (check: GpuCheck, want: () => WantedRim | null) => {
    const slot = await fill(check, want, { report: described.report, context, shelf })
    const { at, revocation } = context
    return slot && revocation ? withStatuses(slot, at, revocation) : slot
  }
  const [driver, vbios] = await Promise.all([
    fillFor('gpu.rim.driver', () => driverRim(described)),
    fillFor('gpu.rim.vbios', () => vbiosRim(described)),
  ])
  const slots = [driver, vbios].filter((slot) => slot !== null)
  const rims = { driver: rimIn(driver), firmware: rimIn(vbios) }
  const judged = judge(compareMeasurements(described.report, rims), slots)
  return {
    findings: [...slots.map((slot) => slot.finding), judged.finding].map((one) =>
      ofDevice(device.index, one),
    ),
    claims: {
      driver: claimOf(rims.driver),
      vbios: claimOf(rims.firmware),
      measurements: judged.measurements,
    },
  }
}

interface Case {
  readonly report: Measured
  readonly context: RimContext
  readonly shelf: Shelf
}

/** Null where the device has no such RIM. */
async function fill(
  check: GpuCheck,
  want: () => WantedRim | null,
  { report, context, shelf }: Case,
): Promise<Slot | null> {
  const wanted = attempt(want)
  if (wanted === null) return null
  if (wanted instanceof AttestationError) return empty(check, problemOf(wanted))
  const { at, source, roots } = context
  const atHand = choose(shelf.rims, wanted, { report, at })
  if (source === null || (atHand && isValidAt(atHand, at))) {
    return atHand ? full(check, atHand, at) : empty(check, lack(wanted, shelf))
  }
  const more = await tried(async () => openShelf(await source.rim(wanted), roots))
  if (!isThere(more)) {
    // Offline nothing else can come, and what is at hand is all that there is.
    const gap = more.code === 'ERR_ENDORSER_OFFLINE' ? lack(wanted, shelf) : more
    return atHand ? full(check, atHand, at) : empty(check, shelf.refused[0] ?? gap)
  }
  const rims = [...shelf.rims, ...more.rims]
  const best = choose(rims, wanted, { report, at })
  const refused = [...shelf.refused, ...more.refused]
  return best ? full(check, best, at) : empty(check, lack(wanted, { rims, refused }))
}

/** Why none of those at hand will do. */
function lack(wanted: WantedRim, { rims, refused }: Shelf): Problem {
  const stray = strayOf(rims, wanted)
  const none = `no RIM for ${wanted.what} is at hand: ${wanted.id}`
  if (refused[0]) return refused[0]
  return stray
    ? {
        code: 'ERR_RIM_MISMATCH',
        detail: `${none}, but one for ${stray.version} of ${stray.product}`,
      }
    : { code: 'ERR_RIM_MISSING', detail: none }
}

const claimOf = (rim: Rim | null): RimClaim | null =>
  rim && {
    tagId: rim.tagId,
    product: rim.product,
    version: rim.version,
    sha256: rim.sha256,
    root: rim.anchor,
    notBefore: rim.notBefore.toISOString(),
    notAfter: rim.notAfter.toISOString(),
  }

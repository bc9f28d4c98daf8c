// SPDX-License-Identifier: Apache-2.0
// AMD's roots and intermediates as constants: with them a VCEK or VLEK alone is enough, offline and
// in a browser, where AMD's service cannot be asked.

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { fromBase64, toHex } from '../encoding.js'
import { AMD_AUTHORITIES, type AmdAuthority } from './amd-authorities.js'
import { remember } from './cache.js'
import { amdName } from './names.js'
import type { Identity } from './x509.js'

/** One of AMD's own, whose place in the chain was verified when its constants were made. */
export interface Pinned extends Identity {
  readonly spkiSha256: string
  /** AMD replaced this intermediate and lists it in the CRLs of its root. */
  readonly revoked: boolean
}

export const PINNED: readonly Pinned[] = AMD_AUTHORITIES.map(pin)

function pin(row: AmdAuthority): Pinned {
  return {
    subject: amdName(row.commonName),
    issuer: amdName(row.issuer),
    serial: row.serial,
    notBefore: new Date(row.notBefore),
    notAfter: new Date(row.notAfter),
    spki: fromBase64(row.spki, 'spki'),
    // Its certificate says what it is for, and was looked at when these constants were made.
    keyUsage: undefined,
    spkiSha256: row.spkiSha256,
    revoked: row.revoked,
  }
}

const BY_CERTIFICATE: ReadonlyMap<string, Pinned> = new Map(
  AMD_AUTHORITIES.map(({ certificateSha256 }, at) => [certificateSha256, PINNED[at] as Pinned]),
)

/** AMD's own certificate, known by its content without parsing it; undefined for any other. */
export async function recognize(der: Bytes): Promise<Pinned | undefined> {
  return BY_CERTIFICATE.get(await sha256(der))
}

/** The pinned root or intermediate with this very key, whatever certificate carries it. */
export function pinnedKey(identity: Identity): Pinned | undefined {
  return PINNED.find(({ spki }) => spki === identity.spki || equalBytes(spki, identity.spki))
}

const digests = new WeakMap<Bytes, Promise<string>>()

/** SHA-256 in hex. */
export function sha256(bytes: Bytes): Promise<string> {
  return remember(digests, bytes, async () =>
    toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))),
  )
}

// SPDX-License-Identifier: Apache-2.0
// The certificates that the platform hands out with its reports, in the forms that answers carry.

import { type CertKind, parseCertTable } from '../core/cert-table.js'
import type { Bytes } from '../core/private-copy.js'
import { derObjects, toPem } from '../pem.js'
import { base64 } from './answers.js'

/** All base64. */
export interface PlatformCertificates {
  /** The table itself. */
  readonly auxblob: string
  /** DER, leaf first. */
  readonly endorsements: readonly string[]
  /** The same as one text of PEM (AEP-83's `cert_chain`); empty when there are none. */
  readonly certChain: string
}

/** From the key that signed to the root. */
const LEAF_FIRST: readonly CertKind[] = ['vcek', 'vlek', 'ask', 'ark']

/** A reader of certificate tables that remembers the last one: a platform rarely changes it. */
export function certificateReader(): (auxblob: Bytes) => PlatformCertificates {
  let last: { readonly auxblob: Bytes; readonly read: PlatformCertificates } | null = null
  return (auxblob) => {
    if (last === null || Buffer.compare(last.auxblob, auxblob) !== 0) {
      last = { auxblob, read: read(auxblob) }
    }
    return last.read
  }
}

function read(auxblob: Bytes): PlatformCertificates {
  const certificates = leafFirst(auxblob)
  return {
    auxblob: base64(auxblob),
    endorsements: certificates.map(base64),
    certChain: base64(Buffer.from(certificates.map(toPem).join(''))),
  }
}

/** The host fills the table and may fill it wrongly: then it travels as it is, and nothing else. */
function leafFirst(auxblob: Bytes): readonly Bytes[] {
  if (auxblob.length === 0) return []
  try {
    const entries = parseCertTable(auxblob)
    return LEAF_FIRST.flatMap((kind) =>
      entries.filter((entry) => entry.kind === kind).flatMap(({ data }) => derObjects(data)),
    )
  } catch {
    return []
  }
}

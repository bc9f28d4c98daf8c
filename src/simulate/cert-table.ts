// SPDX-License-Identifier: Apache-2.0
// The host of a simulated machine: hands out certificates with each report, as AMD 56421 lays them
// out (SNP Extended Guest Request).

import * as at from '../../assembly/snp/certs-layout.js'
import type { Bytes } from '../core/private-copy.js'
import { fromHex } from '../encoding.js'

/** GUIDs of AMD 56421, in text order, which is the order of their bytes in the table. */
const GUIDS = {
  vcek: '63da758de6644564adc5f4b93be8accd',
  ask: '4ab7b379bbac4fe4a02f05aef327c782',
  ark: 'c0b406a4a803495297433fb6014cd0ae',
} as const

/** A table with its certificates behind it, in the order given. */
export function writeCertTable(
  entries: readonly (readonly [kind: keyof typeof GUIDS, certificate: Uint8Array])[],
): Bytes {
  const head = at.ENTRY_LEN * (entries.length + 1)
  const table = new Uint8Array(entries.reduce((end, [, { length }]) => end + length, head))
  const view = new DataView(table.buffer)
  let next = head
  for (const [index, [kind, certificate]] of entries.entries()) {
    const entry = at.ENTRY_LEN * index
    table.set(fromHex(GUIDS[kind], 'GUID'), entry + at.ENTRY_GUID_AT)
    view.setUint32(entry + at.ENTRY_OFFSET_AT, next, true)
    view.setUint32(entry + at.ENTRY_LENGTH_AT, certificate.length, true)
    table.set(certificate, next)
    next += certificate.length
  }
  return table
}

// SPDX-License-Identifier: Apache-2.0
// Tells the kinds of evidence apart by their first bytes, as each format fixes them.

import { tdxEvidenceKind } from '../core/tdx.js'
import { AttestationError } from '../errors.js'

/** The kinds `assay inspect` decodes, by the names that `--as` takes. */
export const KINDS = ['snp', 'tdx', 'tdreport', 'gpu', 'certs'] as const
export type Kind = (typeof KINDS)[number]

/** As many bytes as any kind needs to be told by. */
const HEAD_LEN = 4

/** GUIDs open in text order; the certificates a GHCB table may hold are a closed set. */
const CERT_TABLE_GUIDS = ['63da758d', 'a8074bc2', '4ab7b379', 'c0b406a4', '92f81bc3', 'ecae0c0f']

/**
 * The kind of a piece of evidence. Only looks: a damaged report is still recognised, so that its
 * parser can say what is wrong with it.
 *
 * @throws {AttestationError} `ERR_EVIDENCE_UNKNOWN`
 */
export function evidenceKind(bytes: Uint8Array): Kind {
  const tdx = tdxEvidenceKind(bytes)
  if (tdx !== null) return tdx === 'quote' ? 'tdx' : 'tdreport'
  const head = bytes.subarray(0, HEAD_LEN)
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  if (head.length === HEAD_LEN) {
    const word = view.getUint32(0, true)
    if (head[0] === 0x11 && head[1] === 0xe0) return 'gpu'
    const guid = view.getUint32(0, false).toString(16).padStart(8, '0')
    if (CERT_TABLE_GUIDS.includes(guid)) return 'certs'
    if (word > 0 && word < 0x100) return 'snp'
  }
  throw new AttestationError(
    'ERR_EVIDENCE_UNKNOWN',
    `neither an SNP report, TDX quote, TDREPORT, GPU report nor certificate table; --as ${KINDS.join('|')} decodes it as one`,
  )
}

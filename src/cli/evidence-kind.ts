// SPDX-License-Identifier: Apache-2.0
// Tells the kinds of evidence apart by their first bytes, as each format fixes them.

import { tdxEvidenceKind } from '../core/tdx.js'
import { AttestationError } from '../errors.js'

/** The kinds `assay inspect` decodes, by the names that `--as` takes. */
export const KINDS = ['snp', 'tdx', 'tdreport', 'gpu', 'certs', 'evidence'] as const
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
  if (isDocument(bytes)) return 'evidence'
  throw new AttestationError('ERR_EVIDENCE_UNKNOWN', stranger(head))
}

const BRACE = 0x7b

/** Whether these are the bytes of a JSON document, which no kind of evidence opens like. */
export const isDocument = (bytes: Uint8Array): boolean =>
  bytes.find((byte) => byte > 0x20) === BRACE

/** What it is instead, for the things that people pass by mistake. */
function stranger(head: Uint8Array): string {
  if (head[0] === 0x30) return 'DER, such as a certificate or CRL; evidence expected'
  if (head.every((byte) => byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte < 0x7f))) {
    return 'text, such as hex, base64 or PEM; binary evidence expected'
  }
  return `no evidence that is known by its first bytes; --as ${KINDS.join('|')} decodes it as told`
}

// SPDX-License-Identifier: Apache-2.0
// The certificate table of an extended guest request or of configfs `auxblob`.

import * as at from '../../assembly/snp/certs-layout.js'
import { call, put, settle } from './core.js'
import type { Bytes } from './private-copy.js'

/** What an entry holds: the signing key's certificate, its issuers, or a revocation list. */
export type CertKind = 'vcek' | 'vlek' | 'ask' | 'ark' | 'crl'

/** AMD 56421, SNP Extended Guest Request. `ask` stands for the ASVK too. */
const KINDS: ReadonlyMap<string, CertKind> = new Map([
  ['63da758d-e664-4564-adc5-f4b93be8accd', 'vcek'],
  ['a8074bc2-a25a-483e-aae6-39c045a0b8a1', 'vlek'],
  ['4ab7b379-bbac-4fe4-a02f-05aef327c782', 'ask'],
  ['c0b406a4-a803-4952-9743-3fb6014cd0ae', 'ark'],
  ['92f81bc3-5811-4d3d-97ff-d19f88dc67ea', 'crl'],
])

/** One certificate of a certificate table, by its GUID. */
export interface CertTableEntry {
  /** Lower-case, in RFC 4122 text order, which is the order of the bytes. */
  readonly guid: string
  /** Null for a GUID without a public meaning. */
  readonly kind: CertKind | null
  /** As the host gave it: DER or PEM. A copy. */
  readonly data: Bytes
}

/**
 * Splits a certificate table into its entries, in their order. The host fills the table and nobody
 * signs it: what an entry holds has to prove itself.
 *
 * @throws {AttestationError} `ERR_CERT_TABLE` without the all-zero terminator, for data outside the
 * table, and for more than 32 entries; `ERR_EVIDENCE_SIZE` for more bytes than the core takes
 */
export function parseCertTable(bytes: Uint8Array): readonly CertTableEntry[] {
  return call((c) => {
    settle(c, c.x.checkCertTable(put(c, bytes)))
    return Array.from({ length: c.rows[at.COUNT_WORD] as number }, (_, index) => {
      const row = at.ROWS_WORD + index * at.ROW_WORDS
      return entry(c.input, c.rows.subarray(row, row + at.ROW_WORDS))
    })
  })
}

/** Whether the first entry is of a known kind, so that these bytes are a table or meant to be one. */
export function startsCertTable(bytes: Uint8Array): boolean {
  return KINDS.has(guidText(bytes.subarray(at.ENTRY_GUID_AT, at.ENTRY_GUID_LEN)))
}

function entry(table: Bytes, row: Uint32Array): CertTableEntry {
  const cut = (start: number, length: number) => table.slice(start, start + length)
  const guid = guidText(cut(row[at.ROW_GUID_AT] as number, at.ENTRY_GUID_LEN))
  const data = cut(row[at.ROW_DATA_AT] as number, row[at.ROW_DATA_LEN] as number)
  return { guid, kind: KINDS.get(guid) ?? null, data }
}

function guidText(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

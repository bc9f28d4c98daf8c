// SPDX-License-Identifier: Apache-2.0
// `assay.directory.v1`: leases in a file.

import * as v from 'valibot'
import { type LeaseHints, leaseKey } from '../discovery/lease.js'
import { LeaseHintsSchema } from '../discovery/lease-schema.js'
import { complaintOf } from '../document/complaint.js'
import { object } from '../document/fields.js'
import { AttestationError } from '../errors.js'
import { parseJson } from '../evidence/json.js'

export const DIRECTORY_FORMAT = 'assay.directory.v1'

export const DirectoryFileSchema = object({
  $schema: v.exactOptional(
    v.pipe(v.string('text expected'), v.description('For editors; nothing reads it here.')),
  ),
  format: v.pipe(
    v.literal(DIRECTORY_FORMAT, `"${DIRECTORY_FORMAT}" expected`),
    v.description('Version of this format.'),
  ),
  expectations: v.exactOptional(
    v.pipe(
      v.string('text expected'),
      v.description('Folder of the documents of expectations (*.json), from where this file is.'),
    ),
  ),
  leases: v.pipe(
    v.array(LeaseHintsSchema, 'list expected'),
    v.check(
      (leases) => new Set(leases.map(({ lease }) => leaseKey(lease))).size === leases.length,
      'each lease once expected',
    ),
    v.description('Each lease once.'),
  ),
})

export interface DirectoryFile {
  /** Null where there is none. */
  readonly expectations: string | null
  readonly leases: readonly LeaseHints[]
}

/** @throws {AttestationError} `ERR_SOURCE_DOCUMENT` */
export function parseDirectoryFile(bytes: Uint8Array): DirectoryFile {
  const value = parseJson(bytes, 'ERR_SOURCE_DOCUMENT')
  const { success, output, issues } = v.safeParse(DirectoryFileSchema, value)
  if (!success) {
    throw new AttestationError('ERR_SOURCE_DOCUMENT', complaintOf(issues, 'a directory'))
  }
  return { leases: output.leases, expectations: output.expectations ?? null }
}

// SPDX-License-Identifier: Apache-2.0
// Documents of expectations as an operator hands them in: all of them good, or none taken.

import { expectationsDigest, parseExpectations } from '../discovery/expectations.js'
import { AttestationError } from '../errors.js'

/** A file, or an entry of a ConfigMap. */
export interface NamedDocument {
  readonly name: string
  readonly bytes: Uint8Array
}

/**
 * Checks documents with the validators by which a tenant's client reads them.
 *
 * @returns their bytes by digest
 * @throws {AttestationError} `ERR_SOURCE_DOCUMENT`, naming the document and what is wrong with it
 */
export function readExpectations(documents: Iterable<NamedDocument>): Map<string, Uint8Array> {
  const read = new Map<string, Uint8Array>()
  for (const { name, bytes } of documents) {
    named(name, () => parseExpectations(bytes))
    read.set(expectationsDigest(bytes), bytes)
  }
  return read
}

/** Says of a refusal which document it is of. */
export function named<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new AttestationError('ERR_SOURCE_DOCUMENT', `${name}: ${(error as Error).message}`)
  }
}

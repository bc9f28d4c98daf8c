// SPDX-License-Identifier: Apache-2.0
// Extensions of certificates, CRLs and CRL entries (RFC 5280 section 4.2), and the two that say what
// a key may be used for.

import type { Bytes } from '../core/private-copy.js'
import { type DerReader, exactly, malformed, OCTET_STRING, SEQUENCE } from './der.js'
import { readFlag, readNamedBits, readNumber, readOid } from './der-values.js'

/** Content of extnValue by OID. */
export type Extensions = ReadonlyMap<string, Bytes>

const BASIC_CONSTRAINTS = '2.5.29.19'
const KEY_USAGE = '2.5.29.15'

/** What a certificate of a root or an intermediate may be critical about. */
export const USE_EXTENSIONS: ReadonlySet<string> = new Set([BASIC_CONSTRAINTS, KEY_USAGE])
export const NO_EXTENSIONS: Extensions = new Map()

/** What a key may sign: bits of `Use.keyUsage` (RFC 5280 section 4.2.1.3). */
export const DIGITAL_SIGNATURE = 1 << 0
export const KEY_CERT_SIGN = 1 << 5
export const CRL_SIGN = 1 << 6

/** What a certificate says that its key is for. */
export interface Use {
  readonly isCa: boolean
  /** Highest number of intermediates below; undefined without a limit. */
  readonly pathLength: number | undefined
  /** `KEY_CERT_SIGN`, `CRL_SIGN` and others; undefined when the certificate does not say. */
  readonly keyUsage: number | undefined
}

/**
 * Extensions by OID. One that stands twice has no meaning, and a critical one that nobody here
 * reads must not be passed over.
 */
export function readExtensions(reader: DerReader, known: ReadonlySet<string>): Extensions {
  const list = reader.inside(SEQUENCE)
  const extensions = new Map<string, Bytes>()
  do {
    const extension = list.inside(SEQUENCE)
    const oid = readOid(extension)
    const critical = readFlag(extension)
    if (extensions.has(oid)) throw malformed(`extension ${oid} stands twice`)
    if (critical && !known.has(oid)) throw malformed(`critical extension ${oid} is unknown`)
    extensions.set(oid, extension.content(OCTET_STRING))
    extension.end()
  } while (!list.done)
  return extensions
}

export function useOf(extensions: Extensions): Use {
  const usage = extensions.get(KEY_USAGE)
  const constraints = extensions.get(BASIC_CONSTRAINTS)
  return {
    ...(constraints ? exactly(constraints, readConstraints) : NO_CA),
    keyUsage: usage && exactly(usage, readNamedBits),
  }
}

const NO_CA = { isCa: false, pathLength: undefined }

function readConstraints(reader: DerReader): Pick<Use, 'isCa' | 'pathLength'> {
  const constraints = reader.inside(SEQUENCE)
  const isCa = readFlag(constraints)
  const pathLength = isCa && !constraints.done ? readNumber(constraints) : undefined
  constraints.end()
  return { isCa, pathLength }
}

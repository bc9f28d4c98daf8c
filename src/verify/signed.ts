// SPDX-License-Identifier: Apache-2.0
// The frame around everything that is signed in X.509: SEQUENCE { to be signed, algorithm, signature
// } (RFC 5280 sections 4.1.1 and 5.1.1). No signature covers the frame itself.

import { equalBytes } from '../core/bytes.js'
import type { Bytes } from '../core/private-copy.js'
import { toHex } from '../encoding.js'
import {
  type DerReader,
  exactly,
  INTEGER,
  malformed,
  NULL,
  OBJECT_IDENTIFIER,
  SEQUENCE,
} from './der.js'
import { readBits, readInteger, readOid } from './der-values.js'

/** A signed object: the bytes that the signature covers, as received, and the signature. */
export interface Signed {
  readonly tbs: Bytes
  readonly signature: Bytes
  /** Whether it is RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes. */
  readonly pss: boolean
  /** Whether it is ECDSA with SHA-384. */
  readonly ecdsa: boolean
}

export interface Frame {
  readonly signed: Signed
  /** Reads the signed part, field by field. */
  readonly body: DerReader
  /** AlgorithmIdentifier of the signature. */
  readonly algorithm: Bytes
}

/**
 * The AlgorithmIdentifier of that (RFC 4055 section 3.1), and the same with the default trailerField
 * spelled out, as AMD's roots and intermediates have it although DER would leave it out.
 */
const PSS_ALGORITHMS: ReadonlySet<string> = new Set([
  '304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a' +
    '06092a864886f70d010108300d06096086480165030402020500a203020130',
  '304606092a864886f70d01010a3039a00f300d06096086480165030402020500a11c301a' +
    '06092a864886f70d010108300d06096086480165030402020500a203020130a303020101',
])

/** AlgorithmIdentifier of ecdsa-with-SHA384 (RFC 5758 section 3.2). */
const ECDSA_SHA384 = '300a06082a8648ce3d040303'

/** What parameters are nested in, and as deep as those of RSASSA-PSS. */
const NESTED: ReadonlySet<number | undefined> = new Set([SEQUENCE, 0xa0, 0xa1, 0xa2, 0xa3])
const PARAMETERS_DEPTH = 4

/** @throws {AttestationError} `ERR_CERTIFICATE_FORMAT` for anything around the three parts */
export function openFrame(der: Bytes): Frame {
  const reader = exactly(der, (whole) => whole.inside(SEQUENCE))
  const frame = readFrame(reader)
  reader.end()
  return frame
}

/** Reads the three parts, behind which something may follow. */
export function readFrame(frame: DerReader): Frame {
  const tbs = frame.element(SEQUENCE)
  const algorithm = frame.element(SEQUENCE)
  const signature = readBits(frame)
  const body = exactly(tbs, (reader) => reader.inside(SEQUENCE))
  const text = toHex(algorithm)
  const [pss, ecdsa] = [PSS_ALGORITHMS.has(text), text === ECDSA_SHA384]
  if (!pss && !ecdsa) exactly(algorithm, skipAlgorithm)
  return { signed: { tbs, signature, pss, ecdsa }, body, algorithm }
}

/** Reads the algorithm in the signed part, which has to be the one that stands outside of it. */
export function readAlgorithm({ body, algorithm }: Frame): void {
  if (!equalBytes(body.element(SEQUENCE), algorithm)) {
    throw malformed('the signature algorithm outside is not the signed one')
  }
}

/** Steps over an AlgorithmIdentifier whose meaning nobody asks for. */
export function skipAlgorithm(reader: DerReader): void {
  const algorithm = reader.inside(SEQUENCE)
  readOid(algorithm)
  if (!algorithm.done) skipParameters(algorithm, PARAMETERS_DEPTH)
  algorithm.end()
}

/** Parameters of RSA and of named curves are made of no other types. */
function skipParameters(reader: DerReader, depth: number): void {
  const { tag } = reader
  if (tag === OBJECT_IDENTIFIER) readOid(reader)
  else if (tag === INTEGER) readInteger(reader)
  else if (tag === NULL) reader.inside(NULL).end()
  else if (depth > 0 && NESTED.has(tag)) {
    const inner = reader.inside(tag as number)
    while (!inner.done) skipParameters(inner, depth - 1)
  } else throw malformed('parameters of an unknown kind')
}

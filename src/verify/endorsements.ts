// SPDX-License-Identifier: Apache-2.0
// Endorsements of every form and in any order → certificates and CRLs by what they are.

import { type CertTableEntry, parseCertTable, startsCertTable } from '../core/cert-table.js'
import type { Bytes } from '../core/private-copy.js'
import { AttestationError } from '../errors.js'
import { derObjects } from '../pem.js'
import { anticipate } from './anticipate.js'
import { ContentCache, remember } from './cache.js'
import { type Crl, parseCrl } from './crl.js'
import { CONTEXT_0, DerReader, malformed, SEQUENCE } from './der.js'
import { guessP384 } from './p384.js'
import { attempt, type Problem } from './result.js'
import { type Pinned, recognize } from './roots.js'
import { readVek, type Vek } from './vek.js'
import { type Certificate, parseCertificate } from './x509.js'

/** The DER objects in one endorsement, or why it cannot be opened. */
export type Opened = readonly Bytes[] | AttestationError

export interface Endorsements {
  readonly veks: readonly Vek[]
  /** Certificates that are neither VEKs nor AMD's own: trusted for nothing by themselves. */
  readonly others: readonly Certificate[]
  readonly crls: readonly Crl[]
  /** What could not be read. It is never passed over in silence. */
  readonly problems: readonly Problem[]
}

/** What one object turned out to be; AMD's own certificates are known already. */
type Read = { vek: Vek } | { other: Certificate } | { crl: Crl } | { pinned: Pinned }

/** Bounds the signatures that one appraisal can cost: any object may claim to have signed any. */
const MAX_OBJECTS = 64
/** Bounds what is kept in memory: room for as many objects in PEM, each of the usual size. */
const MAX_ENDORSEMENT_LEN = 0x40000

const opened = new ContentCache<readonly Bytes[]>(64)
const read = new WeakMap<Bytes, Promise<Read | AttestationError>>()

/** The DER objects in each endorsement, as far as the limit reaches. */
export function openAll(endorsements: readonly Bytes[]): Opened[] {
  let count = 0
  return endorsements.map((endorsement) =>
    attempt(() => {
      if (endorsement.length > MAX_ENDORSEMENT_LEN) {
        throw malformed(`more than ${MAX_ENDORSEMENT_LEN} bytes`)
      }
      const objects = opened.get(endorsement, () => open(endorsement))
      count += objects.length
      if (count > MAX_OBJECTS) throw malformed(`more than ${MAX_OBJECTS} certificates and CRLs`)
      return objects
    }),
  )
}

/** Its own DER or PEM, or that of the entries of a table; a GUID without a meaning is skipped. */
function open(endorsement: Bytes): readonly Bytes[] {
  const table = endorsement[0] === SEQUENCE ? null : readTable(endorsement)
  if (table === null) return derObjects(endorsement)
  return table
    .filter(({ kind, data }) => kind !== null && data.length > 0)
    .flatMap(({ data }) => derObjects(data))
}

/** The entries of a certificate table, none when it has no bytes at all; null when it is no table. */
function readTable(endorsement: Bytes): readonly CertTableEntry[] | null {
  if (endorsement.length === 0) return []
  const table = attempt(() => parseCertTable(endorsement))
  if (!(table instanceof AttestationError)) return saysNothing(table) ? null : table
  if (startsCertTable(endorsement)) throw table
  return null
}

/** Other bytes may read as entries without data, a report does: nobody presents a table of those. */
const saysNothing = (table: readonly CertTableEntry[]): boolean =>
  table.length > 0 && table.every(({ kind, data }) => kind === null && data.length === 0)

/** Reads every object, sorts them by what they are, and starts the verifications they call for. */
export async function sort(endorsements: readonly Opened[]): Promise<Endorsements> {
  const veks: Vek[] = []
  const others: Certificate[] = []
  const crls: Crl[] = []
  const problems: Problem[] = []
  const results = await Promise.all(
    endorsements.map((objects) =>
      objects instanceof AttestationError ? [objects] : readAll(objects),
    ),
  )
  for (const [at, found] of results.entries()) {
    for (const one of found) {
      if (one instanceof AttestationError) problems.push(problemWith(at, one))
      else if ('vek' in one) veks.push(one.vek)
      else if ('other' in one) others.push(one.other)
      else if ('crl' in one) crls.push(one.crl)
    }
  }
  anticipate({ veks, others, crls })
  return { veks, others, crls, problems }
}

function readAll(objects: readonly Bytes[]): Promise<(Read | AttestationError)[]> {
  return Promise.all(objects.map((der) => remember(read, der, () => readObject(der))))
}

/** AMD's own certificates have RSA keys. */
async function readObject(der: Bytes): Promise<Read | AttestationError> {
  const pinned = guessP384(der) ? undefined : await recognize(der)
  return pinned ? { pinned } : attempt(() => parse(der))
}

function parse(der: Bytes): Read {
  if (!isCertificate(der)) return { crl: parseCrl(der) }
  const certificate = parseCertificate(der)
  const vek = readVek(certificate)
  return vek ? { vek } : { other: certificate }
}

/** A certificate says its version first, under a tag; a CRL has an INTEGER there. */
function isCertificate(der: Bytes): boolean {
  return new DerReader(der).inside(SEQUENCE).inside(SEQUENCE).tag === CONTEXT_0
}

const problemWith = (at: number, { code, message }: AttestationError): Problem => ({
  code,
  detail: `endorsement ${at + 1}: ${message}`,
})

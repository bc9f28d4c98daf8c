// SPDX-License-Identifier: Apache-2.0
// Endorsements of every form and in any order → certificates and CRLs by what they are.

import { AttestationError } from '../errors.js'
import { ContentCache, remember } from './cache.js'
import { type Crl, parseCrl } from './crl.js'
import { checkLength, malformed } from './der.js'
import { type Bytes, derObjects } from './pem.js'
import { attempt, type Problem } from './result.js'
import { type Pinned, recognize } from './roots.js'
import { guessKey } from './snp-signature.js'
import { readVek, type Vek } from './vek.js'
import { type Certificate, parseCertificate } from './x509.js'

/** One DER object of an endorsement. */
export interface Item {
  readonly der: Bytes
  /** The P-384 key that seems to be in it; nothing of AMD's own intermediates and roots. */
  readonly guessedKey: Bytes | undefined
}

/** One endorsement, opened, or why it cannot be. */
export type Opened = readonly Item[] | AttestationError

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

/** First tag of a certificate's signed part, [0] EXPLICIT version; a CRL starts with an INTEGER. */
const CERTIFICATE_VERSION = 0xa0
const TBS_AT = 4
/** Bounds the signatures that one appraisal can cost: any object may claim to have signed any. */
const MAX_OBJECTS = 64
/** Bounds what is kept in memory: room for as many objects in PEM, each of the usual size. */
const MAX_ENDORSEMENT_LEN = 0x40000

const opened = new ContentCache<readonly Item[]>(64)
const read = new WeakMap<Item, Promise<Read | AttestationError>>()

/** The DER objects in each endorsement, as far as the limit reaches. */
export function openAll(endorsements: readonly Bytes[]): Opened[] {
  let count = 0
  return endorsements.map((endorsement) =>
    attempt(() => {
      if (endorsement.length > MAX_ENDORSEMENT_LEN) {
        throw malformed(`more than ${MAX_ENDORSEMENT_LEN} bytes`)
      }
      const items = opened.get(endorsement, () => open(endorsement))
      count += items.length
      if (count > MAX_OBJECTS) throw malformed(`more than ${MAX_OBJECTS} certificates and CRLs`)
      return items
    }),
  )
}

function open(endorsement: Bytes): readonly Item[] {
  return derObjects(endorsement).map((der) => ({ der, guessedKey: guessKey(der) }))
}

/** Reads every object and sorts them by what they are. */
export async function sort(endorsements: readonly Opened[]): Promise<Endorsements> {
  const veks: Vek[] = []
  const others: Certificate[] = []
  const crls: Crl[] = []
  const problems: Problem[] = []
  const results = await Promise.all(
    endorsements.map((items) => (items instanceof AttestationError ? [items] : readAll(items))),
  )
  for (const [at, found] of results.entries()) {
    for (const one of found) {
      if (one instanceof AttestationError) problems.push(problemWith(at, one))
      else if ('vek' in one) veks.push(one.vek)
      else if ('other' in one) others.push(one.other)
      else if ('crl' in one) crls.push(one.crl)
    }
  }
  return { veks, others, crls, problems }
}

function readAll(items: readonly Item[]): Promise<(Read | AttestationError)[]> {
  return Promise.all(items.map((item) => remember(read, item, () => readItem(item))))
}

async function readItem({ der, guessedKey }: Item): Promise<Read | AttestationError> {
  const pinned = guessedKey ? undefined : await recognize(der)
  return pinned ? { pinned } : attempt(() => parse(der))
}

function parse(der: Bytes): Read {
  checkLength(der)
  if (!isCertificate(der)) return { crl: parseCrl(der) }
  const certificate = parseCertificate(der)
  const vek = readVek(certificate)
  return vek ? { vek } : { other: certificate }
}

function isCertificate(der: Bytes): boolean {
  const length = der[TBS_AT + 1] as number
  const header = length < 0x80 ? 2 : 2 + (length & 0x7f)
  return der[TBS_AT + header] === CERTIFICATE_VERSION
}

const problemWith = (at: number, { code, message }: AttestationError): Problem => ({
  code,
  detail: `endorsement ${at + 1}: ${message}`,
})

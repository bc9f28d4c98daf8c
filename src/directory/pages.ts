// SPDX-License-Identifier: Apache-2.0
// The leases of one owner, a page at a time. A page is as long as it is, and nobody can ask for
// another length: so there is one URL for it, and one entry in every cache.

import { AttestationError } from '../errors.js'
import { ascii, etagOf } from './lease-body.js'
import { type LeaseEntry, orderOf, placeOf } from './state.js'

export interface Page {
  readonly etag: string
  text(): string
}

export const PAGE_LEASES = 50
/** Of their texts, as long as there is one: some leases have hundreds of endpoints. */
const PAGE_LEN = 0x10000

const LAST = /^(\d{1,20})\/(\d{1,10})\/(\d{1,10})$/

/** First pages, which most ask for, until something changes. */
const firstPages = new WeakMap<readonly LeaseEntry[], Page>()

/**
 * @param owned all of the owner's, in their order
 * @param cursor as a page gave it, null for the first one
 * @throws {AttestationError} `ERR_REQUEST_FIELD`
 */
export function pageOf(owner: string, owned: readonly LeaseEntry[], cursor: string | null): Page {
  if (cursor !== null) return pageFrom(owner, owned, placeOf(owned, `${readCursor(cursor)}~`))
  const page = firstPages.get(owned) ?? pageFrom(owner, owned, 0)
  firstPages.set(owned, page)
  return page
}

function pageFrom(owner: string, owned: readonly LeaseEntry[], from: number): Page {
  const shown = upTo(owned, from)
  const next = from + shown.length < owned.length ? cursorAfter(shown.at(-1) as LeaseEntry) : null
  return {
    etag: etagOf([owner, next, ...shown.map(({ etag }) => etag)].join()),
    text: () =>
      `{"owner":${ascii(owner)},"leases":[${shown.map(({ text }) => text).join()}],"next":${ascii(next)}}`,
  }
}

function upTo(owned: readonly LeaseEntry[], from: number): readonly LeaseEntry[] {
  let length = 0
  let to = from
  while (to < owned.length && to < from + PAGE_LEASES) {
    length += (owned[to] as LeaseEntry).text.length
    if (to > from && length > PAGE_LEN) break
    to++
  }
  return owned.slice(from, to)
}

/** The last lease of a page. It means the same to every replica, and when that lease is gone. */
const cursorAfter = ({ owner, key }: LeaseEntry): string =>
  Buffer.from(key.slice(owner.length + 1), 'latin1').toString('base64url')

function readCursor(cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url')
  const [, dseq, gseq, oseq] = LAST.exec(bytes.toString('latin1')) ?? []
  if (dseq === undefined || bytes.toString('base64url') !== cursor) {
    throw new AttestationError(
      'ERR_REQUEST_FIELD',
      '"cursor" is not one that a page gave as "next"',
    )
  }
  return orderOf({ dseq, gseq: Number(gseq), oseq: Number(oseq) })
}

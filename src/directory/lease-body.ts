// SPDX-License-Identifier: Apache-2.0
// A lease → the bytes that are served of it: the same for the same content, whoever computes them.

import { createHash } from 'node:crypto'
import type { EndpointHint, LeaseHints } from '../discovery/lease.js'
import { compareEndpoints } from '../discovery/lease-schema.js'

/** What is sent of one resource. */
export interface Body {
  /** JSON in ASCII alone, so that its length in characters is the one on the wire. */
  readonly text: string
  /** Strong entity tag (RFC 9110 section 8.8.3), with its quotes. */
  readonly etag: string
}

/** 128 bits: nobody is kept from making two documents of one tag, and nobody gains by it. */
const TAG_CHARACTERS = 22

export function etagOf(content: string): string {
  const digest = createHash('sha256').update(content, 'latin1').digest('base64url')
  return `"${digest.slice(0, TAG_CHARACTERS)}"`
}

/** JSON whose members stand in one order, and endpoints too, however a source came by them. */
export function leaseBody({ lease, provider, endpoints }: LeaseHints): Body {
  const { owner, dseq, gseq, oseq } = lease
  const text = ascii({
    lease: { owner, dseq, gseq, oseq },
    provider,
    endpoints: endpoints.map(inOrder).sort(compareEndpoints),
  })
  return { text, etag: etagOf(text) }
}

const inOrder = (hint: EndpointHint): EndpointHint => ({
  service: hint.service,
  replica: hint.replica,
  url: hint.url,
  kind: hint.kind,
  tee: hint.tee,
  gpus: hint.gpus,
  protocols: [...hint.protocols].sort(),
  expectations: [...hint.expectations].sort(),
})

export const ascii = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

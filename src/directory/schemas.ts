// SPDX-License-Identifier: Apache-2.0
// The shapes of answers and of what is asked, as JSON Schema, for `/openapi.json`.

import { JSON_SCHEMAS } from '../discovery/json-schemas.js'

type Schema = Readonly<Record<string, unknown>>

const { Expectations, LeaseHints } = JSON_SCHEMAS
const { owner, dseq, gseq, oseq } = LeaseHints.properties.lease.properties

/** What a part of a path or query is. */
export const PARAMETERS = {
  owner: { schema: owner },
  dseq: { schema: dseq },
  gseq: { schema: gseq },
  oseq: { schema: oseq },
  digest: {
    schema: {
      ...LeaseHints.properties.endpoints.items.properties.expectations.items,
      description: 'SHA-256 of the bytes of the document.',
    },
  },
  cursor: { schema: { type: 'string', description: '"next" of the page before.' } },
} as const satisfies Readonly<Record<string, { readonly schema: Schema }>>

/** An object that has all of these members, and no other. */
const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
})

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  LeaseHints,
  Leases: object({
    owner,
    leases: {
      type: 'array',
      items: { $ref: '#/components/schemas/LeaseHints' },
      description: 'By dseq, gseq and oseq.',
    },
    next: { type: ['string', 'null'], description: 'Cursor of the next page; null on the last.' },
  }),
  Expectations,
  Problem: object({
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable; what to tell refusals apart by.' },
    detail: { type: 'string' },
  }),
}

// SPDX-License-Identifier: Apache-2.0
// The shape of what a directory says of one lease: the one source of its validator and of the JSON
// Schema that is published.

import * as v from 'valibot'
import { integer, object, text } from '../document/fields.js'
import { TEES } from '../protocol.js'
import { ADDRESS, isAddress } from './address.js'
import { DIRECTORY_LIMITS } from './protocol.js'

const U32_MAX = 0xffffffff
const U64_MAX = '18446744073709551615'

const ENDPOINT_KINDS = ['direct', 'gateway'] as const

/** By which documents of expectations are addressed. */
export const DigestSchema = text(/^sha256:[0-9a-f]{64}$/, '"sha256:" and 64 lower-case hex digits')

/** An account of the chain. */
export const AddressSchema = v.pipe(
  text(ADDRESS, 'address such as "akash1…"'),
  v.check(isAddress, 'address whose checksum is right expected'),
)

const dseq = v.pipe(
  text(/^[1-9][0-9]{0,19}$/, 'decimal digits of an integer from 1'),
  // Of two numbers with as many digits, the one that sorts first is the smaller one.
  v.check(
    (digits) => digits.length < U64_MAX.length || digits <= U64_MAX,
    'integer of 64 bits expected',
  ),
)
const seq = integer(1, U32_MAX)

export const LeaseIdSchema = object({
  owner: v.pipe(AddressSchema, v.description('Who deployed: the account of the tenant.')),
  dseq: v.pipe(dseq, v.description('Sequence number of the deployment, in decimal digits.')),
  gseq: v.pipe(seq, v.description('Sequence number of the group.')),
  oseq: v.pipe(seq, v.description('Sequence number of the order.')),
})

/** A list that may be empty, of texts that stand in it once. */
const few = <const Item extends v.GenericSchema<string>>(item: Item, most: number) =>
  v.pipe(
    v.array(item, 'list expected'),
    v.maxLength(most, `at most ${most} entries expected`),
    v.check((list) => new Set(list).size === list.length, 'each entry once expected'),
    v.metadata({ uniqueItems: true }),
  )

const EndpointHintSchema = object({
  service: v.pipe(
    text(/^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'name of a service'),
    v.description('Service of the deployment.'),
  ),
  replica: v.pipe(
    text(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, 'name or index of a pod'),
    v.description('Which of its pods.'),
  ),
  url: v.pipe(
    v.string('URL expected'),
    v.maxLength(DIRECTORY_LIMITS.url, `URL of at most ${DIRECTORY_LIMITS.url} characters expected`),
    v.check(isPlainUrl, 'https URL in ASCII without credentials and fragment expected'),
    v.description('Base URL of a sidecar, or the quote URL of a gateway.'),
  ),
  kind: v.pipe(
    v.picklist(ENDPOINT_KINDS, '"direct" or "gateway" expected'),
    v.description('The sidecar itself, or a provider’s gateway, at which TLS ends.'),
  ),
  tee: v.pipe(v.picklist(TEES, '"snp" or "tdx" expected'), v.description('Kind of TEE.')),
  gpus: v.pipe(integer(0, DIRECTORY_LIMITS.gpus), v.description('How many GPUs it has.')),
  protocols: v.pipe(
    few(
      text(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'name of a protocol such as "assay.evidence.v1"'),
      DIRECTORY_LIMITS.protocols,
    ),
    v.description('What it speaks: "aep83", "assay.evidence.v1".'),
  ),
  expectations: v.pipe(
    few(DigestSchema, DIRECTORY_LIMITS.digests),
    v.description('Documents of expectations said to be about it; one of them may be met.'),
  ),
})

export const LeaseHintsSchema = object({
  lease: LeaseIdSchema,
  provider: v.pipe(
    v.nullable(AddressSchema),
    v.description('Account of the provider; null when not known.'),
  ),
  endpoints: v.pipe(
    v.array(EndpointHintSchema, 'list expected'),
    v.maxLength(
      DIRECTORY_LIMITS.endpoints,
      `at most ${DIRECTORY_LIMITS.endpoints} endpoints expected`,
    ),
    v.check(
      (list) =>
        list.every((one, at) => at === 0 || compareEndpoints(list[at - 1] as typeof one, one) < 0),
      'endpoints once each, sorted by service, replica, kind and url, expected',
    ),
    v.description('Sorted by service, replica, kind and url, in the order of code units.'),
  ),
})

type Sortable = Readonly<
  Pick<v.InferOutput<typeof EndpointHintSchema>, 'service' | 'replica' | 'kind' | 'url'>
>

/** The order of endpoints: by service, replica, kind and url, in the order of code units. */
export function compareEndpoints(a: Sortable, b: Sortable): number {
  for (const name of ['service', 'replica', 'kind', 'url'] as const) {
    if (a[name] !== b[name]) return a[name] < b[name] ? -1 : 1
  }
  return 0
}

function isPlainUrl(text: string): boolean {
  // `URL` drops tabs and line feeds, and takes an empty fragment for none.
  if (!URL.canParse(text) || /[^!-~]|#/.test(text)) return false
  const { protocol, username, password } = new URL(text)
  return protocol === 'https:' && !username && !password
}

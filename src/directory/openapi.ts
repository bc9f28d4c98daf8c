// SPDX-License-Identifier: Apache-2.0
// The routes of the directory as an OpenAPI document. The app serves exactly what stands here.

import { DIRECTORY_PATHS } from '../discovery/protocol.js'
import { MEDIA_TYPES } from '../protocol.js'
import { PARAMETERS, SCHEMAS } from './schemas.js'

type Parameter = keyof typeof PARAMETERS

/** One route, as the app registers it and as the document describes it. All are read with GET. */
export interface Route {
  /** As OpenAPI writes it, with its parameters in braces. */
  readonly path: string
  readonly summary: string
  /** Whether HEAD is answered: not where an answer has no end. */
  readonly head: boolean
  /** Parameters of the query, and whether they have to be there. Others are refused. */
  readonly query: Readonly<Partial<Record<Parameter, 'required' | 'optional'>>>
  readonly answer: { readonly mediaType: string; readonly schema: string | null }
  /** Whether it is answered with an entity tag, and 304 to whoever has that. */
  readonly tagged: boolean
  readonly refusals: Readonly<Record<number, string>>
}

const NOT_YET = 'The source has not been read yet; Retry-After says when to come back'
const PLAIN = { head: true, query: {}, tagged: false, refusals: {} } as const
const RESOURCE = { head: true, query: {}, tagged: true } as const

export const EVENT_STREAM = 'text/event-stream'

export const ROUTES = {
  lease: {
    ...RESOURCE,
    path: `${DIRECTORY_PATHS.leases}/{owner}/{dseq}/{gseq}/{oseq}`,
    summary: 'Where evidence of a lease may be had, and what to expect of it',
    answer: { mediaType: MEDIA_TYPES.json, schema: 'LeaseHints' },
    refusals: { 400: 'Not the name of a lease', 404: 'No such lease', 503: NOT_YET },
  },
  leases: {
    ...RESOURCE,
    path: DIRECTORY_PATHS.leases,
    summary: 'The leases of one owner, a page at a time',
    query: { owner: 'required', cursor: 'optional' },
    answer: { mediaType: MEDIA_TYPES.json, schema: 'Leases' },
    refusals: { 400: 'The query is wrong', 503: NOT_YET },
  },
  expectations: {
    ...RESOURCE,
    path: `${DIRECTORY_PATHS.expectations}/{digest}`,
    summary: 'A document of expectations; it never changes',
    answer: { mediaType: MEDIA_TYPES.json, schema: 'Expectations' },
    refusals: { 400: 'Not a digest', 404: 'No such document', 503: NOT_YET },
  },
  stream: {
    ...PLAIN,
    path: DIRECTORY_PATHS.stream,
    summary: 'Changes of leases as they happen; Last-Event-ID goes on where it was',
    head: false,
    query: { owner: 'optional' },
    answer: { mediaType: EVENT_STREAM, schema: null },
    refusals: { 400: 'The query is wrong', 503: `${NOT_YET}, or too many listen` },
  },
  healthz: {
    ...PLAIN,
    path: DIRECTORY_PATHS.healthz,
    summary: 'Whether the process answers',
    answer: { mediaType: MEDIA_TYPES.text, schema: null },
  },
  readyz: {
    ...PLAIN,
    path: DIRECTORY_PATHS.readyz,
    summary: 'Whether the source has been read; it stays so while the source is cut off',
    answer: { mediaType: MEDIA_TYPES.text, schema: null },
    refusals: { 503: NOT_YET },
  },
  metrics: {
    ...PLAIN,
    path: DIRECTORY_PATHS.metrics,
    summary: 'Counts and latencies in Prometheus’ text format',
    answer: { mediaType: MEDIA_TYPES.text, schema: null },
  },
  openapi: {
    ...PLAIN,
    path: DIRECTORY_PATHS.openapi,
    summary: 'This document',
    tagged: true,
    answer: { mediaType: MEDIA_TYPES.json, schema: null },
  },
} as const satisfies Readonly<Record<string, Route>>

/** Of every route. */
const COMMON_REFUSALS = { 429: 'Too many requests; Retry-After says when to come back' }

export function openapiDocument(): object {
  const paths = Object.entries<Route>(ROUTES).map(([operationId, route]) => {
    const get = operation(operationId, route)
    const head = { ...get, operationId: `${operationId}Head` }
    return [route.path, { get, ...(route.head && { head }) }]
  })
  return {
    openapi: '3.1.0',
    info: {
      title: 'assay directory',
      version: '1',
      description:
        'Hints where evidence may be had. Nothing here is signed or proven, and no answer carries a verdict: whoever asks checks everything against evidence.',
    },
    paths: Object.fromEntries(paths),
    components: { schemas: SCHEMAS },
  }
}

function operation(operationId: string, route: Route): object {
  const { path, summary, query, answer, tagged, refusals } = route
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) =>
    parameter(name as Parameter, 'path', true),
  )
  const inQuery = Object.entries(query).map(([name, need]) =>
    parameter(name as Parameter, 'query', need === 'required'),
  )
  const refused = Object.entries({ ...refusals, ...COMMON_REFUSALS }).map(
    ([status, description]) => [
      status,
      { description, content: content(MEDIA_TYPES.problem, 'Problem') },
    ],
  )
  return {
    operationId,
    summary,
    parameters: [...inPath, ...inQuery],
    responses: {
      200: {
        description: 'OK',
        ...(tagged && { headers: { ETag: { schema: { type: 'string' }, required: true } } }),
        content: content(answer.mediaType, answer.schema),
      },
      ...(tagged && { 304: { description: 'What If-None-Match names is still right' } }),
      ...Object.fromEntries(refused),
    },
  }
}

const parameter = (name: Parameter, place: 'path' | 'query', required: boolean): object => ({
  name,
  in: place,
  required,
  ...PARAMETERS[name],
})

const content = (mediaType: string, schema: string | null): object => ({
  [mediaType]: schema ? { schema: { $ref: `#/components/schemas/${schema}` } } : {},
})

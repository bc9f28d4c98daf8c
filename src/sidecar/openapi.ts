// SPDX-License-Identifier: Apache-2.0
// The routes of the sidecar as an OpenAPI document. The app serves exactly what stands here.

import { LIMITS, MEDIA_TYPES, PATHS } from '../protocol.js'
import { SCHEMAS } from './schemas.js'

/** One route, as the app registers it and as the document describes it. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly summary: string
  /** Name of its body's schema, and the limit in bytes. */
  readonly request: { readonly schema: string; readonly bodyLimit: number } | null
  readonly answer: { readonly mediaType: string; readonly schema: string | null }
  readonly refusals: Readonly<Record<number, string>>
}

const UNAVAILABLE = 'No evidence to be had now; Retry-After says when to come back'

export const ROUTES = {
  quote: {
    method: 'POST',
    path: PATHS.quote,
    summary: 'Evidence as AEP-83 defines it',
    request: { schema: 'QuoteRequest', bodyLimit: LIMITS.quoteBody },
    answer: { mediaType: MEDIA_TYPES.json, schema: 'QuoteAnswer' },
    refusals: {
      400: 'The request is wrong',
      403: 'This mode is not to be had here',
      413: 'Too large',
      503: UNAVAILABLE,
    },
  },
  info: {
    method: 'GET',
    path: PATHS.info,
    summary: 'Platform and TLS key, as AEP-83 defines it; not evidence',
    request: null,
    answer: { mediaType: MEDIA_TYPES.json, schema: 'InfoAnswer' },
    refusals: {},
  },
  healthz: {
    method: 'GET',
    path: PATHS.healthz,
    summary: 'Whether evidence can be had at all',
    request: null,
    answer: { mediaType: MEDIA_TYPES.text, schema: null },
    refusals: { 503: 'The device is lost, or does not answer' },
  },
  evidence: {
    method: 'POST',
    path: PATHS.evidence,
    summary: 'Evidence bound to keys, GPUs and data, alone or batched',
    request: { schema: 'EvidenceRequest', bodyLimit: LIMITS.evidenceBody },
    answer: { mediaType: MEDIA_TYPES.json, schema: 'EvidenceAnswer' },
    refusals: {
      400: 'The request is wrong',
      403: 'This mode is not to be had here',
      413: 'Too large',
      415: 'Not JSON',
      503: UNAVAILABLE,
    },
  },
  metrics: {
    method: 'GET',
    path: PATHS.metrics,
    summary: 'Counts and latencies in Prometheus’ text format',
    request: null,
    answer: { mediaType: MEDIA_TYPES.text, schema: null },
    refusals: {},
  },
  openapi: {
    method: 'GET',
    path: PATHS.openapi,
    summary: 'This document',
    request: null,
    answer: { mediaType: MEDIA_TYPES.json, schema: null },
    refusals: {},
  },
} as const satisfies Readonly<Record<string, Route>>

/** Problem documents stand below this path, plain text everywhere else. */
export const PROBLEM_PREFIX = '/v1/'

export function openapiDocument(): object {
  const paths = Object.entries<Route>(ROUTES).map(([operationId, route]) => [
    route.path,
    { [route.method.toLowerCase()]: operation(operationId, route) },
  ])
  return {
    openapi: '3.1.0',
    info: {
      title: 'assay sidecar',
      version: '1',
      description:
        'Raw, hardware-signed evidence for the nonce of a tenant. No answer carries a verdict.',
    },
    paths: Object.fromEntries(paths),
    components: { schemas: SCHEMAS },
  }
}

function operation(operationId: string, route: Route): object {
  const { path, summary, request, answer, refusals } = route
  const isProblem = path.startsWith(PROBLEM_PREFIX)
  const refusal = isProblem
    ? content(MEDIA_TYPES.problem, 'Problem')
    : content(MEDIA_TYPES.text, null)
  const refused = Object.entries(refusals).map(([status, description]) => [
    status,
    { description, content: refusal },
  ])
  return {
    operationId,
    summary,
    ...(request && {
      requestBody: { required: true, content: content(MEDIA_TYPES.json, request.schema) },
    }),
    responses: {
      200: { description: 'OK', content: content(answer.mediaType, answer.schema) },
      ...Object.fromEntries(refused),
    },
  }
}

const content = (mediaType: string, schema: string | null): object => ({
  [mediaType]: schema ? { schema: { $ref: `#/components/schemas/${schema}` } } : {},
})

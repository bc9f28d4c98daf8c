// SPDX-License-Identifier: Apache-2.0
// AdmissionReview v1: the bytes of a request → what is to be decided, and a decision → the answer.

import { AttestationError } from '../errors.js'
import { type JsonLimits, parseJson } from '../evidence/json.js'
import type { Decision, PodRequest } from './decide.js'

const API_VERSION = 'admission.k8s.io/v1'
const KIND = 'AdmissionReview'

const MIB = 0x100000
/** The API server takes no request that is larger. */
const OBJECT_LEN = 3 * MIB
/** The Pod, what it was before, and what the API server says about who asks. */
export const REVIEW_LEN = 2 * OBJECT_LEN + MIB
/** A Pod and its managed fields need about half of that. */
const REVIEW: JsonLimits = { bytes: REVIEW_LEN, depth: 64 }

export interface Review {
  /** Of the request, to be repeated in its answer. */
  readonly uid: string
  /** Nothing will be kept. It is answered like any other: no answer has an effect of its own. */
  readonly dryRun: boolean
  readonly request: PodRequest
}

type Members = Readonly<Record<string, unknown>>

/** What the API server may put there, and no more than suits a line of a log. */
const UID = /^[\x21-\x7e]{1,128}$/
/** RFC 1123. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const SUB_RESOURCE = /^[a-z]{0,63}$/

/**
 * Reads a review. Members that nobody knows are passed over, as everywhere in Kubernetes: an API server
 * that is newer says more.
 *
 * @throws {AttestationError} `ERR_REQUEST_BODY`, `ERR_REVIEW_VERSION`, `ERR_REVIEW_REQUEST`,
 * `ERR_REVIEW_RESOURCE`
 */
export function parseReview(body: Uint8Array): Review {
  const review = parseJson(body, 'ERR_REQUEST_BODY', REVIEW)
  if (!isObject(review)) throw new AttestationError('ERR_REQUEST_BODY', 'a JSON object expected')
  const { apiVersion, kind, request } = review
  if (apiVersion !== API_VERSION || kind !== KIND) {
    throw new AttestationError(
      'ERR_REVIEW_VERSION',
      `an ${KIND} of ${API_VERSION} expected, got ${quoted(kind)} of ${quoted(apiVersion)}`,
    )
  }
  if (!isObject(request)) throw malformed('"request" is missing or no object')
  const { uid, dryRun = false } = request
  if (typeof uid !== 'string' || !UID.test(uid)) throw malformed('"request.uid" is missing or none')
  if (typeof dryRun !== 'boolean') throw malformed('"request.dryRun" is true or false')
  return { uid, dryRun, request: podRequest(request) }
}

function podRequest(request: Members): PodRequest {
  checkResource(request)
  const { operation, subResource = '', namespace, object } = request
  if (operation !== 'CREATE' && operation !== 'UPDATE') {
    throw new AttestationError(
      'ERR_REVIEW_RESOURCE',
      `"request.operation" is CREATE or UPDATE here, got ${quoted(operation)}`,
    )
  }
  if (typeof subResource !== 'string' || !SUB_RESOURCE.test(subResource)) {
    throw malformed('"request.subResource" is no name')
  }
  if (typeof namespace !== 'string' || !NAMESPACE.test(namespace)) {
    throw malformed('"request.namespace" is missing or no name of one')
  }
  return {
    operation,
    subResource,
    namespace,
    pod: pod(object, 'object'),
    oldPod: operation === 'UPDATE' ? pod(request.oldObject, 'oldObject') : null,
  }
}

function checkResource({ resource }: Members): void {
  if (!isObject(resource)) throw malformed('"request.resource" is missing or no object')
  const { group, version, resource: name } = resource
  if (group === '' && version === 'v1' && name === 'pods') return
  throw new AttestationError('ERR_REVIEW_RESOURCE', 'only pods of v1 are reviewed here')
}

function pod(object: unknown, name: string): unknown {
  if (!isObject(object)) throw malformed(`"request.${name}" is missing or no object`)
  if (object.apiVersion === 'v1' && object.kind === 'Pod') return object
  throw new AttestationError('ERR_REVIEW_RESOURCE', `"request.${name}" is no Pod of v1`)
}

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const QUOTED_LEN = 64

/** A value of the caller's, cut to a length that suits a line. */
const quoted = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, QUOTED_LEN)) : 'no string'

const malformed = (message: string) => new AttestationError('ERR_REVIEW_REQUEST', message)

/** What a decision is called in answers, lines and metrics. */
export interface Verdict {
  readonly decision: 'allowed' | 'refused'
  /** Of a refusal its code, else why the Pod may pass. */
  readonly code: string
}

export const verdictOf = (decision: Decision): Verdict =>
  decision.allowed
    ? { decision: 'allowed', code: decision.reason }
    : { decision: 'refused', code: decision.code }

/** HTTP's 403, and what Kubernetes calls it. */
const FORBIDDEN = { code: 403, reason: 'Forbidden' } as const

/** The JSON of the answer. */
export function reviewAnswer({ uid }: Review, decision: Decision): string {
  const response = {
    uid,
    allowed: decision.allowed,
    ...(decision.allowed ? allowance(decision) : refusal(decision)),
    auditAnnotations: { ...verdictOf(decision) },
  }
  return JSON.stringify({ apiVersion: API_VERSION, kind: KIND, response })
}

function allowance({ patch, warnings }: Decision & { readonly allowed: true }): object {
  return {
    // Nothing to change is no patch: an empty one is still taken apart and applied.
    ...(patch.length > 0 && {
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    }),
    ...(warnings.length > 0 && { warnings: clipped(warnings) }),
  }
}

const refusal = ({ code, message }: Decision & { readonly allowed: false }): object => ({
  status: { ...FORBIDDEN, message: `${code}: ${message}` },
})

/** The API server drops what is beyond these: of one warning, and of all together. */
const WARNING_LEN = 256
const WARNINGS_LEN = 4096

function clipped(warnings: readonly string[]): string[] {
  const kept: string[] = []
  let left = WARNINGS_LEN
  for (const warning of warnings) {
    const text = clip(warning)
    left -= Buffer.byteLength(text)
    if (left < 0) break
    kept.push(text)
  }
  return kept
}

const MORE = '…'

/** As many whole characters as fit. */
function clip(text: string): string {
  if (Buffer.byteLength(text) <= WARNING_LEN) return text
  let left = WARNING_LEN - Buffer.byteLength(MORE)
  let kept = ''
  for (const character of text) {
    left -= Buffer.byteLength(character)
    if (left < 0) break
    kept += character
  }
  return kept + MORE
}

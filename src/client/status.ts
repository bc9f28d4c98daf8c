// SPDX-License-Identifier: Apache-2.0
// What an Attester says when it does not give evidence: problem documents (RFC 9457) on `/v1/*`, one
// line of text on AEP-83's paths. All of it is a stranger's text.

import { AttestationError } from '../errors.js'
import { parseJson } from '../evidence.js'
import { MEDIA_TYPES } from '../protocol.js'

/** The `cause` of `ERR_ATTESTER_REFUSED` and `ERR_ATTESTER_STATUS`. */
export interface AttesterStatus {
  readonly status: number
  /** The stable code of a problem document; null without one. */
  readonly problem: string | null
  /** Seconds after which to ask again; null when the answer did not say. */
  readonly retryAfter: number | null
}

interface Refusal {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: Uint8Array
}

const DETAIL_MAX = 200
const PROBLEM_CODE = /^[A-Za-z][\w.-]{0,63}$/
const SECONDS = /^\d{1,6}$/
/** Client errors (RFC 9110 section 15.5) that are about the moment, not about the request. */
const PASSING: readonly number[] = [408, 425, 429]

/** The error that stands for an answer without evidence. */
export function statusError({ status, headers, body }: Refusal): AttestationError {
  const { problem, detail } = said(mediaType(headers), body)
  const after = headers.get('retry-after') ?? ''
  const cause: AttesterStatus = {
    status,
    problem,
    retryAfter: SECONDS.test(after) ? Number(after) : null,
  }
  const refused = status >= 400 && status < 500 && !PASSING.includes(status)
  const words = [`the attester answered ${status}`, problem, detail && `"${detail}"`]
  return new AttestationError(
    refused ? 'ERR_ATTESTER_REFUSED' : 'ERR_ATTESTER_STATUS',
    words.filter(Boolean).join(', '),
    { cause },
  )
}

/** The status behind an error of `fetchEvidence` and its like; null when it has another reason. */
export function attesterStatus(error: unknown): AttesterStatus | null {
  const codes: readonly unknown[] = ['ERR_ATTESTER_REFUSED', 'ERR_ATTESTER_STATUS']
  if (!(error instanceof AttestationError) || !codes.includes(error.code)) return null
  return error.cause as AttesterStatus
}

/** The media type without its parameters, in lower case; empty without one. */
export function mediaType(headers: Refusal['headers']): string {
  const [type] = (headers.get('content-type') ?? '').split(';') as [string]
  return type.trim().toLowerCase()
}

function said(type: string, body: Uint8Array): { problem: string | null; detail: string } {
  if (type === MEDIA_TYPES.text) return { problem: null, detail: printable(latin1(body)) }
  if (type !== MEDIA_TYPES.problem) return { problem: null, detail: '' }
  const { code, detail } = members(body)
  return {
    problem: typeof code === 'string' && PROBLEM_CODE.test(code) ? code : null,
    detail: typeof detail === 'string' ? printable(detail) : '',
  }
}

function members(body: Uint8Array): { code?: unknown; detail?: unknown } {
  try {
    return Object(parseJson(body, 'ERR_ATTESTER_ANSWER'))
  } catch {
    return {}
  }
}

const latin1 = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes)

/** Printable ASCII on one line: what a stranger wrote must not steer a terminal or a log. */
function printable(text: string): string {
  const line = text
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/[^ -~]|"/g, '?')
  return line.length > DETAIL_MAX ? `${line.slice(0, DETAIL_MAX)}…` : line
}

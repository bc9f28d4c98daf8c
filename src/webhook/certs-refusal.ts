// SPDX-License-Identifier: Apache-2.0
// What an API server did not do → one of our codes, in a sentence that says what to change.

import { AttestationError } from '../errors.js'

/** A request, in the words of RBAC. */
export interface Permission {
  readonly verb: 'get' | 'create' | 'update' | 'patch'
  /** Plural. */
  readonly resource: string
  /** Empty for the core group. */
  readonly group: string
  readonly name: string
  /** Null where the resource has none. */
  readonly namespace: string | null
}

const MESSAGE_MAX = 300
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]+/gu

/**
 * @param error what the client of Kubernetes threw: its ApiException has the status and the body, anything
 *   else means that there was no answer
 */
export function kubernetesRefusal(error: unknown, asked: Permission): AttestationError {
  const { code: status, body } = error as { code?: unknown; body?: unknown }
  if (typeof status !== 'number') {
    const { message } = error as Error
    return refusal(
      'ERR_KUBERNETES_UNAVAILABLE',
      `the API server did not answer: ${line(message)}`,
      error,
    )
  }
  const { reason, message } = statusOf(body)
  const said = `${status}: ${line(message)}`
  if (status === 401) {
    return refusal(
      'ERR_KUBERNETES_FORBIDDEN',
      'the API server does not know who asks: its credentials are wrong, or have expired',
      error,
    )
  }
  if (status === 403)
    return refusal(
      'ERR_KUBERNETES_FORBIDDEN',
      `this account may not ${words(asked)}: ${grant(asked)} (${said})`,
      error,
    )
  if (status === 409 || isGone(status, reason, asked)) {
    return refusal(
      'ERR_KUBERNETES_CONFLICT',
      `somebody else was faster again and again to ${words(asked)} (${said})`,
      error,
    )
  }
  if (status === 429 || status >= 500) {
    return refusal(
      'ERR_KUBERNETES_UNAVAILABLE',
      `the API server could not ${words(asked)} (${said})`,
      error,
    )
  }
  return refusal(
    'ERR_KUBERNETES_REFUSED',
    `the API server does not ${words(asked)} (${said})`,
    error,
  )
}

/** Whether a get found that there is none. */
export function isAbsent(error: unknown): boolean {
  const { code, body } = error as { code?: unknown; body?: unknown }
  return code === 404 && statusOf(body).reason === 'NotFound'
}

/** Taken away between reading and writing. Where something is created it is the namespace that is not there. */
const isGone = (status: number, reason: string, { verb }: Permission): boolean =>
  status === 404 && reason === 'NotFound' && verb !== 'create'

/** The object Status of Kubernetes, where it is one: a server without the group answers in plain text. */
function statusOf(body: unknown): { reason: string; message: string } {
  const text = typeof body === 'string' ? body : ''
  try {
    const { reason, message } = JSON.parse(text) as Record<string, unknown>
    return { reason: String(reason), message: String(message) }
  } catch {
    return { reason: '', message: text }
  }
}

const line = (text: string): string =>
  text.replaceAll(CONTROL, ' ').trim().slice(0, MESSAGE_MAX) || 'no reason given'

const words = ({ verb, resource, name, namespace }: Permission): string =>
  `${verb} ${resource} ${name}${namespace === null ? '' : ` in namespace ${namespace}`}`

/** The rule that is missing. The name of what is created is unknown to RBAC. */
function grant({ verb, resource, group, name, namespace }: Permission): string {
  const kind = namespace === null ? 'ClusterRole' : `Role in ${namespace}`
  const names = verb === 'create' ? '' : `, resourceNames ["${name}"]`
  return `give it a ${kind} with apiGroups ["${group}"], resources ["${resource}"]${names}, verbs ["${verb}"]`
}

type KubernetesCode = `ERR_KUBERNETES_${'UNAVAILABLE' | 'FORBIDDEN' | 'CONFLICT' | 'REFUSED'}`

const refusal = (code: KubernetesCode, message: string, cause: unknown): AttestationError =>
  new AttestationError(code, message, { cause })

// SPDX-License-Identifier: Apache-2.0
// The result of `assay verify --lease` → text for people.

import { leaseKey } from '../discovery/index.js'
import { formatResult, formatVerdict } from './format.js'
import type { JudgedEndpoint, LeaseResult } from './verify-lease.js'

/** What was decided on the whole, then on each endpoint, and whose word led there. */
export function formatLease(result: LeaseResult, color: boolean): string {
  const { lease, directory, endpoints } = result
  const verified = endpoints.filter((one) => one.result === 'verified').length
  const services = new Set(endpoints.map(({ hint }) => hint.service))
  const lines = [
    `${formatVerdict(result, color)}: ${verified} of ${endpoints.length} endpoints of ${[...services].join(', ')}`,
    `lease ${leaseKey(lease)}`,
    `which endpoints it has is a hint of ${directory}, NOT trusted: each was judged by its evidence alone`,
    ...(endpoints.some(isUnpinned) ? [UNPINNED] : []),
  ]
  return [`${lines.join('\n')}\n`, ...endpoints.map((one) => formatEndpoint(one, color))].join('\n')
}

const UNPINNED =
  'the policy pins no launch measurement: ANY genuine guest that the directory leads to is accepted'

const isUnpinned = ({ appraisal }: JudgedEndpoint): boolean =>
  appraisal?.policy.snp?.measurement === 'any'

function formatEndpoint(endpoint: JudgedEndpoint, color: boolean): string {
  const { hint, source, expectations, notes, appraisal, error } = endpoint
  const { service, replica, kind, url } = hint
  const lines = [
    `== ${service} ${replica} ${url} (${kind}; ${source})`,
    ...(expectations === null ? [] : [`expectations: ${expectations}`]),
    ...notes.map((note) => `note: ${note}`),
    ...(error === null ? [] : [formatVerdict(endpoint, color), `${error.code}: ${error.message}`]),
  ]
  return `${lines.join('\n')}\n${appraisal === null ? '' : formatResult(appraisal, color)}`
}

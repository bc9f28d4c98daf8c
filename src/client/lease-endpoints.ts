// SPDX-License-Identifier: Apache-2.0
// Which endpoints of a lease to ask, of those that a directory names.

import type { EndpointHint } from '../discovery/index.js'
import { AttestationError } from '../errors.js'
import type { ResolvedLease } from './directory.js'
import { checkFlag, checkNames, wrong } from './options.js'
import { isPublicHost } from './public-hosts.js'

export interface EndpointChoice {
  /** Which service; may be left out where the lease has one only. */
  readonly service?: string
  /** Which of its replicas; all of them when not given. */
  readonly replica?: string
  /** Whether endpoints may be asked that only the caller reaches; false when not given. */
  readonly allowPrivate?: boolean
}

/**
 * The endpoints of one service: of each replica those of its sidecar itself, and where there is none,
 * those of the gateway.
 *
 * @throws {AttestationError} `ERR_DIRECTORY_SERVICE` where there is none; `ERR_ARGUMENT` where there
 * are several services to choose from; `ERR_ENDPOINT_ADDRESS` where one is on a host that not
 * everybody reaches, as far as its name tells
 */
export function leaseEndpoints(
  { hints }: Pick<ResolvedLease, 'hints'>,
  choice: EndpointChoice = {},
): readonly EndpointHint[] {
  checkNames(choice, ['service', 'replica', 'allowPrivate'])
  const { service, replica, allowPrivate = false } = choice
  checkFlag(allowPrivate, 'allowPrivate')
  const meant = hints.endpoints.filter(
    (one) =>
      (service === undefined || one.service === service) &&
      (replica === undefined || one.replica === replica),
  )
  if (meant.length === 0) {
    const sentence = 'the directory: it has no such endpoint of the lease'
    throw new AttestationError('ERR_DIRECTORY_SERVICE', sentence)
  }
  const services = [...new Set(meant.map((one) => one.service))]
  if (services.length > 1) throw wrong(`service: one of ${services.join(', ')} expected`)
  const direct = new Set(meant.filter(isDirect).map((one) => one.replica))
  const chosen = meant.filter((one) => isDirect(one) || !direct.has(one.replica))
  if (!allowPrivate) for (const one of chosen) checkPublic(one)
  return chosen
}

const isDirect = ({ kind }: EndpointHint): boolean => kind === 'direct'

function checkPublic({ replica, url }: EndpointHint): void {
  const { hostname } = new URL(url)
  if (isPublicHost(hostname)) return
  throw new AttestationError(
    'ERR_ENDPOINT_ADDRESS',
    `the directory: the endpoint of ${replica} is on a host that not everybody reaches, ${hostname}`,
  )
}

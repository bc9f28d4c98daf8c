// SPDX-License-Identifier: Apache-2.0
// What an operator says of the cluster, checked once.

import { AttestationError } from '../errors.js'
import { formatHost } from '../service/listen-address.js'
import type { KubeSettings } from './kube-source.js'

/** As given; null or empty where it was not, as in a Deployment whose ConfigMap leaves it open. */
export interface KubeFlags {
  readonly nodeHost: string | null
  readonly gateway: string | null
  /** NAMESPACE/NAME */
  readonly expectations: string | null
}

/** The route of AEP-83 on a provider's gateway, with what newer gateways choose a replica by. */
const GATEWAY_ROUTE =
  '/lease/{dseq}/{gseq}/{oseq}/attestation/quote?service={service}&podIndex={podIndex}'
const PLACES = ['owner', 'dseq', 'gseq', 'oseq', 'service', 'podIndex'] as const
const NEEDED = ['{dseq}', '{gseq}', '{oseq}'] as const

/** Where deploy/directory has it. */
const EXPECTATIONS = { namespace: 'assay-system', name: 'assay-directory-expectations' }

/** @throws {AttestationError} `ERR_ARGUMENT` */
export const kubeSettings = ({ nodeHost, gateway, expectations }: KubeFlags): KubeSettings => ({
  nodeHost: nodeHost ? checkHost(nodeHost) : null,
  gateway: gateway ? checkGateway(gateway) : null,
  expectations: expectations ? checkName(expectations) : EXPECTATIONS,
})

function checkHost(host: string): string {
  if (/^[\w.:-]+$/.test(host) && URL.canParse(`https://${formatHost(host)}:1`)) return host
  throw wrong('--node-host', 'the name or address by which node ports are reached', host)
}

function checkGateway(gateway: string): string {
  const template = gateway.includes('{') ? gateway : `${gateway.replace(/\/$/, '')}${GATEWAY_ROUTE}`
  const filled = PLACES.reduce((text, place) => text.replaceAll(`{${place}}`, '1'), template)
  const needs = NEEDED.every((place) => template.includes(place))
  if (needs && /^[!-~]+$/.test(filled) && !/[{}#]/.test(filled) && isHttps(filled)) return template
  const what = `an https URL of a gateway, or a whole URL with ${NEEDED.join(', ')} in it`
  throw wrong('--gateway', what, gateway)
}

function isHttps(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return protocol === 'https:' && !username && !password
}

function checkName(text: string): KubeSettings['expectations'] {
  const [, namespace, name] = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(text) ?? []
  if (namespace !== undefined && name !== undefined) return { namespace, name }
  throw wrong('--expectations-config-map', 'NAMESPACE/NAME', text)
}

const wrong = (flag: string, what: string, got: string): AttestationError =>
  new AttestationError('ERR_ARGUMENT', `${flag} is ${what}, got ${JSON.stringify(got)}`)

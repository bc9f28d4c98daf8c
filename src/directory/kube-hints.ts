// SPDX-License-Identifier: Apache-2.0
// The objects of one lease → what the directory says of it. A function of its arguments alone, so that
// replicas say the same.

import type { EndpointHint, LeaseHints } from '../discovery/lease.js'
import { compareEndpoints } from '../discovery/lease-schema.js'
import { DIRECTORY_LIMITS } from '../discovery/protocol.js'
import { FORMATS } from '../protocol.js'
import { formatHost } from '../service/listen-address.js'
import type { LeaseFacts, LeaseObjects, PodFacts, PortFacts, ServiceFacts } from './kube-facts.js'

export interface HintSettings {
  /** Host by which node ports are reached from outside; null: they are not. */
  readonly nodeHost: string | null
  /** URL of a gateway's attestation route with `{dseq}` and so on; null: there is none. */
  readonly gateway: string | null
}

/** Digests of documents of expectations by what names them. */
export type Documents = ReadonlyMap<string, readonly string[]>

/** What a gateway forwards. */
const AEP83 = 'aep83'
const PROTOCOLS = { direct: [AEP83, FORMATS.evidence], gateway: [AEP83] } as const

/** Null for a lease without a sidecar: there is nothing to say of it. */
export function leaseHints(
  objects: LeaseObjects,
  documents: Documents,
  settings: HintSettings,
): LeaseHints | null {
  const { lease, pods } = objects
  if (lease === null || pods.size === 0) return null
  const direct = directUrls(objects, settings)
  const indices = indicesOf(pods)
  const endpoints = [...pods].flatMap(([replica, pod]): EndpointHint[] => {
    const expectations = expectationsOf(pod, lease, documents)
    const hint = (kind: EndpointHint['kind'], url: string): EndpointHint => ({
      service: pod.service,
      replica,
      url,
      kind,
      tee: pod.kind.tee,
      gpus: pod.gpus,
      protocols: PROTOCOLS[kind],
      expectations,
    })
    const urls = pod.ready ? [...(direct.get(pod.service) ?? [])] : []
    const gateway = pod.answers ? gatewayUrl(lease, pod, indices.get(replica), settings) : null
    return [
      ...urls.map((url) => hint('direct', url)),
      ...(gateway === null ? [] : [hint('gateway', gateway)]),
    ]
  })
  return {
    lease: lease.id,
    provider: lease.provider,
    endpoints: endpoints.sort(compareEndpoints).slice(0, DIRECTORY_LIMITS.endpoints),
  }
}

/** URLs that lead to the sidecars of a service: to any of its replicas, as the cluster likes. */
function directUrls(
  { services, ingresses }: LeaseObjects,
  { nodeHost }: HintSettings,
): Map<string, Set<string>> {
  const urls = new Map<string, Set<string>>()
  const add = (service: string, host: string, port?: number) => {
    const url = `https://${formatHost(host)}${port === undefined ? '' : `:${port}`}`
    urls.set(service, (urls.get(service) ?? new Set()).add(url))
  }
  for (const { service, ports, balancers } of services.values()) {
    for (const { port, nodePort } of ports) {
      for (const host of balancers) add(service, host, port)
      if (nodePort !== null && nodeHost !== null) add(service, nodeHost, nodePort)
    }
  }
  for (const route of [...ingresses.values()].flat()) {
    const target = services.get(route.service)
    if (target && leadsTo(target, route.port)) add(target.service, route.host)
  }
  return urls
}

const leadsTo = ({ ports }: ServiceFacts, to: number | string): boolean =>
  ports.some(({ port, name }: PortFacts) => to === port || to === name)

/** `podIndex` of a gateway: its place among the running Pods of its service, by name. */
function indicesOf(pods: ReadonlyMap<string, PodFacts>): Map<string, number> {
  const next = new Map<string, number>()
  const indices = new Map<string, number>()
  for (const [name, { service, counted }] of [...pods].sort(byName)) {
    if (!counted) continue
    const index = next.get(service) ?? 0
    indices.set(name, index)
    next.set(service, index + 1)
  }
  return indices
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  Number(a > b) - Number(a < b)

function gatewayUrl(
  { id }: LeaseFacts,
  { service }: PodFacts,
  podIndex: number | undefined,
  { gateway }: HintSettings,
): string | null {
  if (gateway === null) return null
  const values: Readonly<Record<string, unknown>> = { ...id, service, podIndex }
  return gateway.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(`${values[name]}`))
}

/** What is said of this Pod: by its annotation, or else by its namespace's, or else by its kind. */
function expectationsOf(
  { expectations, service, kind }: PodFacts,
  lease: LeaseFacts,
  documents: Documents,
): readonly string[] {
  const names = expectations ??
    lease.expectations ?? [`service.${service}`, `runtime-class.${kind.name}`]
  const digests = names.flatMap((name) => documents.get(name) ?? [])
  return [...new Set(digests)].sort().slice(0, DIRECTORY_LIMITS.digests)
}

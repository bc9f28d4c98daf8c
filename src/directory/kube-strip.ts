// SPDX-License-Identifier: Apache-2.0
// Objects of a cluster → what is kept of them; null where nothing of them matters.

import type { V1Container, V1Ingress, V1Namespace, V1Pod, V1Service } from '@kubernetes/client-node'
import { isAddress } from '../discovery/address.js'
import { parseLeaseId } from '../discovery/lease.js'
import { DIRECTORY_LIMITS } from '../discovery/protocol.js'
import { PORT } from '../protocol.js'
import type { LeaseFacts, PodFacts, PortFacts, RouteFacts, ServiceFacts } from './kube-facts.js'
import { CLASSES, EXPECTATIONS_ANNOTATION, GPU_RESOURCE, LABELS, SIDECAR } from './kube-names.js'

type Labels = Readonly<Record<string, string>>

/** @throws {AttestationError} `ERR_LEASE_ID` where labels of a lease name none */
export function leaseFacts({ metadata }: V1Namespace): LeaseFacts | null {
  const { labels = {}, annotations } = metadata ?? {}
  const [owner, dseq, gseq, oseq] = LEASE.map((label) => labels[label])
  // Of the provider itself.
  if (owner === undefined) return null
  const id = parseLeaseId(`${owner}/${dseq}/${gseq}/${oseq}`)
  const provider = labels[LABELS.provider] ?? ''
  return {
    id,
    provider: isAddress(provider) ? provider : null,
    expectations: namesOf(annotations),
  }
}

const LEASE = [LABELS.owner, LABELS.dseq, LABELS.gseq, LABELS.oseq]

export function podFacts({ metadata, spec, status }: V1Pod): PodFacts | null {
  const { labels = {}, annotations, deletionTimestamp } = metadata ?? {}
  const service = labels[LABELS.service] ?? ''
  const kind = CLASSES.get(spec?.runtimeClassName ?? '')
  const { containers = [], initContainers = [] } = spec ?? {}
  const plain = containers.some(isSidecar)
  const native = initContainers.some((one) => isSidecar(one) && one.restartPolicy === 'Always')
  if (!SERVICE.test(service) || !kind || !(plain || native)) return null
  const running = status?.phase === 'Running'
  const stays = running && deletionTimestamp === undefined
  return {
    service,
    kind,
    gpus: kind.gpus ? gpusOf(containers) : 0,
    // As the provider's code looks for it: native sidecars are not among what it looks at.
    counted: running && plain,
    answers: stays && plain && hasStarted(status),
    ready: stays && isReady(status),
    expectations: namesOf(annotations),
  }
}

/** As deployments may call them; a label might be anything. */
const SERVICE = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/

const isSidecar = ({ name }: V1Container): boolean => name === SIDECAR.container

const hasStarted = ({ containerStatuses = [] }: NonNullable<V1Pod['status']>): boolean =>
  containerStatuses.some(({ name, ready }) => name === SIDECAR.container && ready)

const isReady = ({ conditions = [] }: NonNullable<V1Pod['status']>): boolean =>
  conditions.some(({ type, status }) => type === 'Ready' && status === 'True')

function gpusOf(containers: readonly V1Container[]): number {
  const counts = containers.map(({ resources }) => {
    const { requests, limits } = resources ?? {}
    // Of what cannot be shared, requests are the limits where nobody says otherwise.
    const count = Number((requests ?? limits)?.[GPU_RESOURCE] ?? 0)
    return Number.isInteger(count) && count > 0 ? count : 0
  })
  const sum = counts.reduce((total, count) => total + count, 0)
  return Math.min(sum, DIRECTORY_LIMITS.gpus)
}

/** A Service that a provider made: it selects the Pods of one service of the deployment. */
export function serviceFacts({ metadata, spec, status }: V1Service): ServiceFacts | null {
  const { type, selector = {}, ports = [] } = spec ?? {}
  const service = selector[LABELS.service]
  const ours = Object.keys(selector).every((label) => SELECTING.has(label))
  const leading: PortFacts[] = ports.filter(isOfSidecar).map(({ name, port, nodePort }) => ({
    name: name ?? null,
    port,
    nodePort: type === 'NodePort' && nodePort ? nodePort : null,
  }))
  if (service === undefined || !ours || leading.length === 0) return null
  if (metadata?.deletionTimestamp !== undefined) return null
  const ingress = type === 'LoadBalancer' ? status?.loadBalancer?.ingress : []
  const balancers = (ingress ?? []).flatMap(({ ip, hostname }) => hostname || ip || [])
  return { service, ports: leading, balancers }
}

/** The labels that all Pods of a service have. */
const SELECTING: ReadonlySet<string> = new Set([LABELS.managed, LABELS.namespace, LABELS.service])

type ServicePort = NonNullable<NonNullable<V1Service['spec']>['ports']>[number]

const isOfSidecar = ({ port, targetPort = port, protocol = 'TCP' }: ServicePort): boolean =>
  protocol === 'TCP' && (targetPort === PORT || targetPort === SIDECAR.port)

/** The hosts whose every path leads to one Service. */
export function routeFacts({ metadata, spec }: V1Ingress): readonly RouteFacts[] | null {
  if (metadata?.deletionTimestamp !== undefined) return null
  const routes = (spec?.rules ?? []).flatMap(({ host, http }) =>
    (http?.paths ?? []).flatMap(({ path = '/', pathType, backend }): RouteFacts[] => {
      const { name, port } = backend.service ?? {}
      const to = port?.number ?? port?.name
      const all = path === '/' && pathType !== 'Exact'
      if (!host || host.startsWith('*') || !all || name === undefined || to === undefined) return []
      return [{ host, service: name, port: to }]
    }),
  )
  return routes.length > 0 ? routes : null
}

function namesOf(annotations: Labels | undefined): readonly string[] | null {
  const text = annotations?.[EXPECTATIONS_ANNOTATION]
  if (text === undefined) return null
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

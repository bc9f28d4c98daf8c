// SPDX-License-Identifier: Apache-2.0
// What is kept of the objects of a cluster: as little as hints are made of, for there are many.

import type { LeaseId } from '../discovery/lease.js'
import type { ConfidentialClass } from './kube-names.js'

/** Of a namespace. */
export interface LeaseFacts {
  readonly id: LeaseId
  readonly provider: string | null
  /** Names of documents; null where nobody says. */
  readonly expectations: readonly string[] | null
}

/** Of a Pod with a sidecar. */
export interface PodFacts {
  readonly service: string
  readonly kind: ConfidentialClass
  readonly gpus: number
  /** Whether a provider's gateway counts it among the Pods of its service. */
  readonly counted: boolean
  /** Whether its sidecar answers a gateway. */
  readonly answers: boolean
  /** Whether Services lead to it. */
  readonly ready: boolean
  readonly expectations: readonly string[] | null
}

/** A port of a Service that leads to sidecars. */
export interface PortFacts {
  readonly name: string | null
  readonly port: number
  readonly nodePort: number | null
}

/** Of a Service that leads to sidecars. */
export interface ServiceFacts {
  /** Service of the deployment. */
  readonly service: string
  readonly ports: readonly PortFacts[]
  /** Addresses of its load balancer. */
  readonly balancers: readonly string[]
}

/** A host that leads to a port of a Service. */
export interface RouteFacts {
  readonly host: string
  readonly service: string
  /** Number or name. */
  readonly port: number | string
}

/** Of one namespace. */
export interface LeaseObjects {
  lease: LeaseFacts | null
  /** By name, as the others. */
  readonly pods: Map<string, PodFacts>
  readonly services: Map<string, ServiceFacts>
  readonly ingresses: Map<string, readonly RouteFacts[]>
}

// SPDX-License-Identifier: Apache-2.0
// The objects of all leases by namespace, and which namespaces have changed since they were last asked
// for.

import type { V1Ingress, V1Namespace, V1Pod, V1Service } from '@kubernetes/client-node'
import type { LeaseFacts, LeaseObjects } from './kube-facts.js'
import type { KubeObject } from './kube-list.js'
import { keyOf, type Sink } from './kube-mirror.js'
import { leaseFacts, podFacts, routeFacts, serviceFacts } from './kube-strip.js'

type Kind = 'pods' | 'services' | 'ingresses'

export class KubeStore {
  readonly #namespaces = new Map<string, LeaseObjects>()
  readonly #dirty = new Set<string>()

  /** @param refused a namespace whose labels name no lease */
  constructor(private readonly refused: (namespace: string, error: Error) => void) {}

  readonly sinks: Readonly<Record<'namespaces' | Kind, Sink>> = {
    namespaces: this.#ofLeases(),
    pods: this.#of('pods', (object) => podFacts(object as V1Pod)),
    services: this.#of('services', (object) => serviceFacts(object as V1Service)),
    ingresses: this.#of('ingresses', (object) => routeFacts(object as V1Ingress)),
  }

  get(namespace: string): LeaseObjects | undefined {
    return this.#namespaces.get(namespace)
  }

  /** Says that every namespace has changed: what all of them depend on has. */
  touch(): void {
    for (const namespace of this.#namespaces.keys()) this.#dirty.add(namespace)
  }

  /** The namespaces that have changed, each once; from now on they have not. */
  take(): readonly string[] {
    const taken = [...this.#dirty]
    this.#dirty.clear()
    return taken
  }

  #ofLeases(): Sink {
    return {
      set: (object) => {
        const { name } = object.metadata
        const lease = this.#lease(object)
        if (lease === null && !this.#namespaces.has(name)) return false
        this.#change(name, (objects) => {
          objects.lease = lease
        })
        return lease !== null
      },
      delete: ({ metadata: { name } }) => this.#forgetLease(name),
      keepOnly: (keys) => {
        for (const [name, { lease }] of this.#namespaces) {
          if (lease !== null && !keys.has(`/${name}`)) this.#forgetLease(name)
        }
      },
    }
  }

  #lease(object: KubeObject): LeaseFacts | null {
    try {
      return leaseFacts(object as V1Namespace)
    } catch (error) {
      this.refused(object.metadata.name, error as Error)
      return null
    }
  }

  #forgetLease(name: string): void {
    if (!this.#namespaces.has(name)) return
    this.#change(name, (objects) => {
      objects.lease = null
    })
  }

  #of<Facts>(kind: Kind, strip: (object: KubeObject) => Facts | null): Sink {
    const forget = (namespace: string, name: string) => {
      const objects = this.#namespaces.get(namespace)
      if (objects?.[kind].has(name)) this.#change(namespace, () => objects[kind].delete(name))
    }
    return {
      set: (object) => {
        const { namespace = '', name } = object.metadata
        const facts = strip(object)
        if (facts === null) {
          forget(namespace, name)
          return false
        }
        this.#change(namespace, (objects) => (objects[kind] as Map<string, Facts>).set(name, facts))
        return true
      },
      delete: ({ metadata: { namespace = '', name } }) => forget(namespace, name),
      keepOnly: (keys) => {
        for (const [namespace, objects] of this.#namespaces) {
          for (const name of objects[kind].keys()) {
            if (!keys.has(keyOf({ metadata: { namespace, name } }))) forget(namespace, name)
          }
        }
      },
    }
  }

  #change(namespace: string, change: (objects: LeaseObjects) => void): void {
    const objects = this.#namespaces.get(namespace) ?? {
      lease: null,
      pods: new Map(),
      services: new Map(),
      ingresses: new Map(),
    }
    change(objects)
    this.#dirty.add(namespace)
    const { lease, pods, services, ingresses } = objects
    if (lease === null && pods.size + services.size + ingresses.size === 0) {
      this.#namespaces.delete(namespace)
    } else this.#namespaces.set(namespace, objects)
  }
}

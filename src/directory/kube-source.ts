// SPDX-License-Identifier: Apache-2.0
// The source `kube`: leases as the API server has them, kept up to date for as long as it runs.

import type { V1ConfigMap } from '@kubernetes/client-node'
import type { Logger } from 'pino'
import type { Clock } from '../service/clock.js'
import type { KubeAccess } from './kube-access.js'
import { KubeApi } from './kube-api.js'
import { KubeExpectations } from './kube-expectations.js'
import { type HintSettings, leaseHints } from './kube-hints.js'
import type { KubeResource } from './kube-list.js'
import { Mirror, type Sink } from './kube-mirror.js'
import { LABELS } from './kube-names.js'
import { Publisher } from './kube-publish.js'
import { KubeStore } from './kube-store.js'
import type { Source } from './source.js'
import type { DirectoryState } from './state.js'

export interface KubeSettings extends HintSettings {
  /** The ConfigMap of expectations. */
  readonly expectations: { readonly namespace: string; readonly name: string }
}

export interface KubeSourceOptions {
  readonly access: KubeAccess
  readonly settings: KubeSettings
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  readonly log: Logger
}

const OF_LEASES = { labelSelector: `${LABELS.managed}=true` }

const RESOURCES: Readonly<Record<keyof KubeStore['sinks'], KubeResource>> = {
  namespaces: { path: '/api/v1/namespaces', query: OF_LEASES },
  pods: { path: '/api/v1/pods', query: OF_LEASES },
  services: { path: '/api/v1/services', query: OF_LEASES },
  ingresses: { path: '/apis/networking.k8s.io/v1/ingresses', query: OF_LEASES },
}

/** The one ConfigMap, so that the right to read it needs to name no other. */
const configMap = ({ namespace, name }: KubeSettings['expectations']): KubeResource => ({
  path: `/api/v1/namespaces/${namespace}/configmaps`,
  query: { fieldSelector: `metadata.name=${name}` },
})

export class KubeSource implements Source {
  readonly #options: KubeSourceOptions
  readonly #api: KubeApi
  readonly #stop = new AbortController()
  readonly #store: KubeStore
  readonly #expectations: KubeExpectations
  readonly #mirrors: readonly Mirror[]
  /** Whether expectations have changed, and with them whatever names them. */
  #reread = true
  #scheduled = false
  #running: Promise<unknown> = Promise.resolve()
  #publish: (() => void) | undefined

  constructor(options: KubeSourceOptions) {
    const { access, clock, settings, log } = options
    this.#options = options
    this.#api = new KubeApi(access, clock)
    this.#expectations = new KubeExpectations(log)
    this.#store = new KubeStore((namespace, error) =>
      log.warn({ namespace }, `a namespace is passed over: ${error.message}`),
    )
    const { sinks } = this.#store
    const kinds = Object.keys(RESOURCES) as (keyof typeof RESOURCES)[]
    this.#mirrors = [
      ...kinds.map((kind) => this.#mirror(RESOURCES[kind], sinks[kind])),
      this.#mirror(configMap(settings.expectations), this.#expectationsSink()),
    ]
  }

  /** Whether all of it is as the API server has it, but for what is on its way. */
  get connected(): boolean {
    return this.#mirrors.every(({ live }) => live)
  }

  /** Resolves also when it is closed before there is a whole state. */
  start(state: DirectoryState): Promise<void> {
    const { signal } = this.#stop
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
      this.#publish = this.#publishing(state, resolve)
      this.#running = Promise.all(this.#mirrors.map((mirror) => mirror.run(signal)))
    })
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
    this.#api.close()
  }

  #mirror(resource: KubeResource, sink: Sink): Mirror {
    const { random, log } = this.#options
    return new Mirror({
      api: this.#api,
      resource,
      sink,
      random,
      log,
      changed: () => this.#schedule(),
    })
  }

  #expectationsSink(): Sink {
    const load = (map: V1ConfigMap | null) => {
      this.#expectations.load(map)
      this.#reread = true
    }
    return {
      set: (object) => {
        load(object as V1ConfigMap)
        return true
      },
      delete: () => load(null),
      keepOnly: (keys) => {
        if (keys.size === 0) load(null)
      },
    }
  }

  /** Once in a turn of the event loop, however many changes come in it. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (!this.#stop.signal.aborted) this.#publish?.()
    })
  }

  #publishing(state: DirectoryState, done: () => void): () => void {
    const { settings } = this.#options
    const publisher = new Publisher(state, (namespace) => {
      const objects = this.#store.get(namespace)
      return objects ? leaseHints(objects, this.#expectations.byName, settings) : null
    })
    return () => {
      if (!this.#mirrors.every(({ synced }) => synced)) return
      if (this.#reread) {
        this.#reread = false
        state.setExpectations(this.#expectations.documents)
        this.#store.touch()
      }
      for (const namespace of this.#store.take()) publisher.publish(namespace)
      done()
    }
  }
}

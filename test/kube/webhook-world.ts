// SPDX-License-Identifier: Apache-2.0
// A cluster with the manifests of deploy/webhook as they are, the webhook's process behind its Service,
// and a lease to create pods in.

import path from 'node:path'
import { RUNTIME_CLASSES, WEBHOOK } from '../../src/webhook/names.js'
import { only } from '../deploy/manifests.js'
import { Authority } from '../fake/authority.js'
import type { Answer } from './api.js'
import type { Cluster } from './cluster.js'
import type { Manifest } from './objects.js'
import { Files, WebhookProcess } from './webhook-process.js'

const DEPLOY = path.resolve(import.meta.dirname, '../../deploy/webhook')
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'
const SERVICE_PORT = 443
export const LEASE = 'lease'
export const LABELS = { 'akash.network': 'true', 'akash.network/namespace': LEASE }

export const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`

/** A class beside the confidential ones. */
export const ORDINARY_CLASS = 'gvisor'

export class WebhookWorld {
  readonly manifests: readonly Manifest[]
  readonly #files = new Files()
  readonly #running: WebhookProcess[] = []

  private constructor(readonly cluster: Cluster) {
    this.manifests = cluster.kustomize(path.join(DEPLOY, 'no-cert-manager')) as Manifest[]
  }

  /** Installs the manifests, makes a certificate, starts two replicas. */
  static async install(cluster: Cluster, authority = new Authority()): Promise<WebhookWorld> {
    const world = await WebhookWorld.prepare(cluster)
    await world.trust(authority.cert)
    world.serveWith(authority)
    await world.start(2)
    return world
  }

  /** Installs the manifests, and nothing that serves. */
  static async prepare(cluster: Cluster): Promise<WebhookWorld> {
    const world = new WebhookWorld(cluster)
    await cluster.applyObjects(world.manifests)
    for (const name of [...RUNTIME_CLASSES.map((one) => one.name), ORDINARY_CLASS]) {
      const runtimeClass = { metadata: { name }, handler: name }
      await cluster.api.must('POST', '/apis/node.k8s.io/v1/runtimeclasses', runtimeClass)
    }
    await cluster.namespace(LEASE, LABELS)
    return world
  }

  /** Puts a certificate where the processes look for theirs. */
  serveWith(authority: Pick<Authority, 'issue'>): void {
    const { cert, key } = authority.issue()
    this.write({ 'tls.key': key, 'tls.crt': cert })
  }

  write(files: Readonly<Record<string, string>>): void {
    this.#files.write(files)
  }

  /** Writes the CAs that the API server is to trust. */
  async trust(...authorities: readonly string[]): Promise<void> {
    const caBundle = Buffer.from(authorities.join('')).toString('base64')
    await this.patchConfiguration([
      { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle },
    ])
  }

  async patchConfiguration(patch: readonly object[]): Promise<void> {
    const at = `${CONFIGURATIONS}/${WEBHOOK.configuration}`
    await this.cluster.api.must('PATCH', at, patch, 'application/json-patch+json')
    await this.cluster.settled('MutatingWebhookConfiguration')
  }

  /** Takes the webhook's registration away, as somebody does by mistake. */
  async deleteConfiguration(): Promise<void> {
    await this.cluster.api.must('DELETE', `${CONFIGURATIONS}/${WEBHOOK.configuration}`)
    await this.cluster.settled('MutatingWebhookConfiguration')
  }

  async restoreConfiguration(): Promise<void> {
    const configuration = only(this.manifests, 'MutatingWebhookConfiguration')
    await this.cluster.applyObjects([configuration])
  }

  /** Starts so many processes, which the Service from then on leads to. */
  async start(count: number, manifests = this.manifests): Promise<void> {
    const started = await Promise.all(
      Array.from({ length: count }, () => WebhookProcess.start(manifests, this.#files)),
    )
    this.#running.push(...started.map(({ webhook }) => webhook))
    this.#lead(started.map(({ port }) => port))
  }

  /** Replaces them by two with other settings, as a rollout does. */
  async restart(settings: Manifest): Promise<void> {
    const old = this.#running.splice(0)
    const rest = this.manifests.filter(({ kind }) => kind !== 'ConfigMap')
    await this.start(2, [...rest, settings])
    await Promise.all(old.map((webhook) => webhook.kill()))
  }

  /** Replaces them as a rollout does: the new ones serve before the old ones are told to end. */
  async rollOut(): Promise<void> {
    const old = this.#running.splice(0)
    await this.start(2)
    await Promise.all(old.map((webhook) => webhook.terminate()))
  }

  /** Ends all of them as a crash would. */
  async kill(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((webhook) => webhook.kill()))
  }

  get processes(): readonly WebhookProcess[] {
    return this.#running
  }

  #lead(ports: readonly number[]): void {
    const { namespace, deployment } = WEBHOOK
    this.cluster.endpoints(namespace, deployment, SERVICE_PORT, ...ports)
  }

  create(pod: object, namespace = LEASE): Promise<Answer> {
    return this.cluster.api.request('POST', podsOf(namespace), pod)
  }

  /** Admitted or refused like any other, and not kept. */
  try(pod: object, namespace = LEASE): Promise<Answer> {
    return this.cluster.api.request('POST', `${podsOf(namespace)}?dryRun=All`, pod)
  }
}

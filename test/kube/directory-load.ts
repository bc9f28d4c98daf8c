// SPDX-License-Identifier: Apache-2.0
// Leases as a provider makes them, written to a real API server as fast as it takes them; a kubelet's part
// is played along.

import { ingressOf, namespaceOf, podOf, serviceOf } from '../directory/kube-objects.js'
import { addressOf } from '../fake/akash.js'
import type { Api, Method } from './api.js'

/** Numbers from 0 up to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const PODS_OF_LEASE = 4
const LEASES_OF_OWNER = 5
const NO_GRACE = { gracePeriodSeconds: 0 }

export interface Lease {
  readonly namespace: string
  readonly path: string
  /** Names of the Pods there are. */
  readonly pods: Set<string>
  services: boolean
}

export class Load {
  /** Those that anything may happen to. */
  readonly leases = new Set<Lease>()
  #next = 0
  #pods = 0

  constructor(
    private readonly api: Api,
    private readonly random: () => number,
  ) {}

  get pods(): number {
    return [...this.leases].reduce((sum, { pods }) => sum + pods.size, 0)
  }

  async create(): Promise<Lease> {
    const lease = await this.createFor(addressOf(1 + Math.floor(this.#next / LEASES_OF_OWNER)))
    this.leases.add(lease)
    return lease
  }

  /** One that nothing happens to by chance. */
  async createFor(owner: string): Promise<Lease> {
    const number = ++this.#next
    const namespace = `lease-${number}`
    const dseq = `${1_000_000 + number}`
    const provider = addressOf(4711)
    await this.#must(
      'POST',
      '/api/v1/namespaces',
      namespaceOf(namespace, { owner, dseq, provider }),
    )
    // Nobody else makes it: there is no controller here.
    const account = { metadata: { name: 'default' }, automountServiceAccountToken: false }
    await this.#must('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, account)
    const lease = {
      namespace,
      path: `${owner}/${dseq}/1/1`,
      pods: new Set<string>(),
      services: false,
    }
    for (let at = 0; at < PODS_OF_LEASE; at++) await this.addPod(lease)
    return lease
  }

  async addPod(lease: Lease): Promise<string> {
    const name = `web-${++this.#pods}`
    const pod = podOf(lease.namespace, name)
    const { status: _, ...asked } = pod
    await this.#must('POST', `/api/v1/namespaces/${lease.namespace}/pods`, asked)
    await this.setReady(lease, name, true)
    lease.pods.add(name)
    return name
  }

  /** As a kubelet says it. */
  async setReady({ namespace }: Lease, name: string, ready: boolean): Promise<void> {
    const { status } = podOf(namespace, name, { ready, started: ready })
    const { containerStatuses, ...rest } = status as { containerStatuses: { name: string }[] }
    const full = containerStatuses.map((one) => ({
      ...one,
      image: 'x',
      imageID: 'x',
      restartCount: 0,
    }))
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`
    const patch = { status: { ...rest, containerStatuses: full } }
    await this.#must('PATCH', path, patch, 'application/merge-patch+json')
  }

  async removePod(lease: Lease, name: string): Promise<void> {
    lease.pods.delete(name)
    await this.#must('DELETE', `/api/v1/namespaces/${lease.namespace}/pods/${name}`, NO_GRACE)
  }

  /** A Service and an Ingress that lead to the sidecar; or away with them. */
  async toggleServices(lease: Lease): Promise<void> {
    const { namespace } = lease
    const core = `/api/v1/namespaces/${namespace}/services`
    const networking = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`
    const host = `${namespace}.example.com`
    if (lease.services) {
      await this.#must('DELETE', `${core}/web`)
      await this.#must('DELETE', `${networking}/${host}`)
    } else {
      await this.#must('POST', core, serviceOf(namespace, 'web', { type: 'ClusterIP' }))
      await this.#must('POST', networking, ingressOf(namespace, host))
    }
    lease.services = !lease.services
  }

  async close(lease: Lease): Promise<void> {
    this.leases.delete(lease)
    for (const name of [...lease.pods]) await this.removePod(lease, name)
    if (lease.services) await this.toggleServices(lease)
    const path = `/api/v1/namespaces/${lease.namespace}`
    const terminating = await this.#must('DELETE', path)
    // As the namespace controller does when nothing is left in it.
    await this.#must('PUT', `${path}/finalize`, {
      ...Object(terminating),
      spec: { finalizers: [] },
    })
  }

  /** One thing that may happen to a lease. */
  async change(): Promise<void> {
    const leases = [...this.leases]
    const lease = leases[Math.floor(this.random() * leases.length)]
    const dice = this.random()
    if (!lease || dice < 0.05) await this.create()
    else if (dice < 0.1) await this.#alone(lease, () => this.close(lease))
    else if (dice < 0.25) await this.#alone(lease, () => this.toggleServices(lease))
    else if (dice < 0.4) await this.#alone(lease, async () => void (await this.addPod(lease)))
    else await this.#alone(lease, () => this.#changePod(lease, dice < 0.55))
  }

  readonly #busy = new Set<Lease>()

  /** Two at a time would be in each other's way, and not in the directory's. */
  async #alone(lease: Lease, run: () => Promise<void>): Promise<void> {
    if (this.#busy.has(lease)) return
    this.#busy.add(lease)
    await run().finally(() => this.#busy.delete(lease))
  }

  async #changePod(lease: Lease, remove: boolean): Promise<void> {
    const names = [...lease.pods]
    const name = names[Math.floor(this.random() * names.length)]
    if (name === undefined) await this.addPod(lease)
    else if (remove) await this.removePod(lease, name)
    else await this.setReady(lease, name, this.random() < 0.5)
  }

  async #must(method: Method, path: string, body?: unknown, type?: string): Promise<unknown> {
    return this.api.must(method, path, body, type)
  }
}

/** Runs `task` so often, so many at a time. */
export async function inParallel(
  times: number,
  width: number,
  task: () => Promise<unknown>,
): Promise<void> {
  let left = times
  const work = async () => {
    while (left-- > 0) await task()
  }
  await Promise.all(Array.from({ length: width }, work))
}

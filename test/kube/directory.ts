// SPDX-License-Identifier: Apache-2.0
// The directory over a real API server: whatever happens to leases, to connections and to the API server,
// in the end it says what the API server says. `DIRECTORY_LEASES=5000 DIRECTORY_DOWN=60 npm run test:kube
// directory` is the full size; `DIRECTORY_SEED` repeats a run.

import { deepEqual, equal, ok } from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { KubeConfig } from '@kubernetes/client-node'
import { addressOf } from '../fake/akash.js'
import type { Suite } from '../interop/suite.js'
import { Api } from './api.js'
import { type Cluster, startCluster } from './cluster.js'
import { DirectoryChild } from './directory-child.js'
import { inParallel, type Lease, Load, PODS_OF_LEASE, randomOf } from './directory-load.js'
import { truth } from './directory-truth.js'
import { until } from './wait.js'

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)
const LEASES = number('DIRECTORY_LEASES', 200)
const DOWN_MS = number('DIRECTORY_DOWN', 3) * 1_000
const SEED = number('DIRECTORY_SEED', randomInt(1e9))

const CHECKPOINTS = 20
const CUTS = 50
const WIDTH = 16
/** Between two checkpoints. */
const MOST_CHANGES = 500
/** Of a checkpoint, the time of the check included. */
const CONVERGED_MS = 30_000
const MOST_PROPAGATION_MS = 1_000
const MOST_RSS = 160 * 2 ** 20
const PROBES = addressOf(999_999)

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

class World {
  readonly random = randomOf(SEED)
  readonly api: Api
  readonly load: Load
  readonly delays: number[] = []
  #probing = false

  constructor(
    readonly cluster: Cluster,
    readonly child: DirectoryChild,
  ) {
    this.api = direct(cluster)
    this.load = new Load(this.api, this.random)
  }

  /** Waits until the directory is what the API server has. */
  async converged(): Promise<void> {
    const wanted = await truth(this.api)
    const standing = await until(
      `the state of the API server (${wanted.endpoints} endpoints)`,
      async () => {
        const now = await this.child.standing()
        return now.connected && now.digest === wanted.digest ? now : null
      },
      CONVERGED_MS,
    )
    equal(standing.endpoints, wanted.endpoints)
  }

  /** Measures how long a change takes from its request to the state, while `work` goes on. */
  async probed<T>(work: () => Promise<T>): Promise<T> {
    const lease = await this.load.createFor(PROBES)
    const [name] = lease.pods
    this.#probing = true
    const probing = this.#probe(lease, name as string)
    try {
      return await work()
    } finally {
      this.#probing = false
      await probing
      await this.load.close(lease)
    }
  }

  async #probe(lease: Lease, name: string): Promise<void> {
    await until('the probe', async () => (await fetch(this.#at(lease))).status === 200)
    for (let ready = false; this.#probing; ready = !ready) {
      const sent = performance.timeOrigin + performance.now()
      const seen = this.child.hinted(lease.path, name, ready)
      await this.load.setReady(lease, name, ready)
      this.delays.push((await seen) - sent)
    }
  }

  #at = ({ path }: Lease): string => `${this.child.url}/v1/leases/${path}`

  async answer(lease: Lease): Promise<{ status: number; cache: string; ids: string[] }> {
    const response = await fetch(this.#at(lease))
    const cache = response.headers.get('cache-control') ?? ''
    const { endpoints = [] } = (await response.json()) as { endpoints?: { replica: string }[] }
    return { status: response.status, cache, ids: endpoints.map(({ replica }) => replica) }
  }
}

const RUNTIME_CLASS = {
  apiVersion: 'node.k8s.io/v1',
  kind: 'RuntimeClass',
  metadata: { name: 'kata-qemu-snp' },
  handler: 'kata-qemu-snp',
}

type Cases = Readonly<Record<string, (world: World) => Promise<void>>>

const CASES: Cases = {
  'it may read what it needs, and nothing else': async ({ cluster, child }) => {
    const account = await cluster.serviceAccountKubeconfig('assay-system', 'assay-directory')
    const api = new Api(account)
    const status = async (method: 'GET' | 'POST' | 'DELETE', path: string) =>
      (await api.request(method, path, method === 'GET' ? undefined : {})).status
    const core = '/api/v1'
    deepEqual(
      [
        await status('GET', `${core}/pods?limit=1`),
        await status('GET', `${core}/secrets`),
        await status('GET', `${core}/configmaps`),
        await status('GET', `${core}/namespaces/assay-system/configmaps`),
        await status('GET', `${core}/nodes`),
        await status('GET', `${core}/namespaces/assay-system/pods/x/log`),
        await status('DELETE', `${core}/namespaces/assay-system/pods/x`),
        await status('POST', `${core}/namespaces/assay-system/pods`),
        await status(
          'POST',
          `${core}/namespaces/assay-system/serviceaccounts/assay-directory/token`,
        ),
      ],
      [200, 403, 403, 403, 403, 403, 403, 403, 403],
    )
    api.close()
    await until('it follows', async () => (await child.standing()).connected)
    ok(!child.lines.some((line) => line.includes('forbidden')), 'and was refused nothing')
  },

  [`${LEASES} leases, ${LEASES * PODS_OF_LEASE} pods, created under its eyes`]: async (world) => {
    const began = performance.now()
    await world.probed(() => inParallel(LEASES, WIDTH, () => world.load.create()))
    const seconds = (performance.now() - began) / 1_000
    await world.converged()
    const { rss, endpoints } = await world.child.standing()
    const peak = world.child.peak
    console.log(
      `    ${endpoints} endpoints in ${seconds.toFixed(0)} s; RSS ${mib(rss)}` +
        `${peak === null ? '' : `, at most ${mib(peak)}`}`,
    )
    ok(rss <= MOST_RSS, `${mib(rss)} of ${mib(MOST_RSS)}`)
  },

  [`${CHECKPOINTS} checkpoints under changes and ${CUTS} cuts`]: async (world) => {
    const { load, cluster, random } = world
    await world.probed(async () => {
      for (let checkpoint = 0; checkpoint < CHECKPOINTS; checkpoint++) {
        const changes = Math.ceil(Math.min(LEASES / 2, MOST_CHANGES) * random())
        const cuts =
          Math.round((CUTS * (checkpoint + 1)) / CHECKPOINTS) -
          Math.round((CUTS * checkpoint) / CHECKPOINTS)
        const every = Math.ceil(changes / (cuts + 1))
        let done = 0
        await inParallel(changes, WIDTH, async () => {
          await load.change()
          if (++done % every === 0) cluster.cutWatches()
        })
        await world.converged()
      }
    })
  },

  'etcd compacted, and the API server with an empty memory': async (world) => {
    const { load, cluster, child } = world
    await cluster.stopApiServer()
    await until('it is cut off', async () => !(await child.standing()).connected)
    await cluster.startApiServer()
    await inParallel(Math.min(LEASES / 4, MOST_CHANGES), WIDTH, () => load.change())
    await cluster.compactEtcd()
    cluster.cutWatches()
    await world.converged()
  },

  [`the API server away for ${DOWN_MS / 1_000} s`]: async (world) => {
    const { load, cluster, child } = world
    const lease = await load.createFor(PROBES)
    await world.converged()
    const fresh = await world.answer(lease)
    await cluster.stopApiServer()
    await until('it is cut off', async () => !(await child.standing()).connected)
    const end = performance.now() + DOWN_MS
    while (performance.now() < end) {
      const { status, cache, ids } = await world.answer(lease)
      deepEqual([status, ids], [200, fresh.ids])
      ok(cache !== fresh.cache, `marked as stale: ${cache}`)
      await sleep(Math.min(1_000, DOWN_MS / 3))
    }
    await cluster.startApiServer()
    const began = performance.now()
    await load.removePod(lease, [...lease.pods][0] as string)
    await world.converged()
    const seconds = (performance.now() - began) / 1_000
    console.log(`    back in step ${seconds.toFixed(1)} s after the API server`)
    equal((await world.answer(lease)).ids.length, PODS_OF_LEASE - 1)
    await load.close(lease)
  },

  'changes are there within a second': async ({ delays }) => {
    const sorted = [...delays].sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] as number
    const [p50, p99, most] = [at(0.5), at(0.99), sorted.at(-1) as number]
    console.log(
      `    ${sorted.length} changes, from request to state: p50 ${p50.toFixed(0)} ms, ` +
        `p99 ${p99.toFixed(0)} ms, at most ${most.toFixed(0)} ms`,
    )
    ok(p99 <= MOST_PROPAGATION_MS, `p99 ${p99} ms`)
  },

  'all leases gone': async (world) => {
    const { load } = world
    const left = [...load.leases]
    await inParallel(left.length, WIDTH, () => load.close(left.pop() as Lease))
    await world.converged()
    const { leases, endpoints, rss } = await world.child.standing()
    deepEqual([leases, endpoints], [0, 0])
    console.log(`    RSS ${mib(rss)} with nothing left`)
  },
}

/** Requests of the test itself, which are not cut with those of the directory. */
function direct({ kubeconfig, port, url }: Cluster): Api {
  const config = new KubeConfig()
  config.loadFromString(
    kubeconfig.exportConfig().replaceAll(new URL(url).host, `127.0.0.1:${port}`),
  )
  return new Api(config)
}

export const directory: Suite = {
  name: 'kube: the directory',
  async run() {
    const cluster = await startCluster({ controllers: false })
    try {
      await cluster.apply('deploy/directory/expectations')
      await cluster.applyObjects([RUNTIME_CLASS])
      const child = await DirectoryChild.start(cluster, PROBES)
      const world = new World(cluster, child)
      console.log(`    seed ${SEED}`)
      const verdicts = []
      for (const [title, holds] of Object.entries(CASES)) {
        const problem = await holds(world).then(
          () => null,
          (error: Error) => `${error.message} ${error.cause ?? ''}`,
        )
        verdicts.push({ title, problem })
        if (problem !== null) break
      }
      world.api.close()
      await child.stop()
      return verdicts
    } finally {
      await cluster.stop()
    }
  },
}

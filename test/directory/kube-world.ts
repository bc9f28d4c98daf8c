// SPDX-License-Identifier: Apache-2.0
// A source over a fake API server, with time that does not wait and a state that can be compared.

import { pino } from 'pino'
import { leaseHints } from '../../src/directory/kube-hints.js'
import { kubeSettings } from '../../src/directory/kube-settings.js'
import { KubeSource } from '../../src/directory/kube-source.js'
import { KubeStore } from '../../src/directory/kube-store.js'
import { DirectoryState } from '../../src/directory/state.js'
import { type LeaseHints, leaseKey } from '../../src/discovery/lease.js'
import type { Clock } from '../../src/service/clock.js'
import { FakeKubeApi, type FakeObject } from '../fake/kube-api.js'
import { PATHS } from './kube-objects.js'

/** Delays of attempts are over at once; what is to happen when nobody answers happens when told. */
export class ImpatientClock implements Clock {
  #ms = 0
  #alarms = new Set<{ ms: number; run: () => void }>()
  /** What was waited for at once. */
  readonly delays: number[] = []

  now(): Date {
    return new Date(0)
  }

  monotonic(): number {
    return this.#ms
  }

  after(ms: number, run: () => void): () => void {
    if (ms < ALARM_MS) {
      this.delays.push(ms)
      const immediate = setImmediate(run)
      return () => clearImmediate(immediate)
    }
    const alarm = { ms, run }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  /** Lets time go by until alarms of so many milliseconds have rung. */
  ring(ms: number): void {
    this.#ms += ms
    for (const alarm of [...this.#alarms]) {
      if (alarm.ms > ms) continue
      this.#alarms.delete(alarm)
      alarm.run()
    }
  }
}

/** Above every delay between attempts, below every time that something may take. */
const ALARM_MS = 20_000
export const SILENCE_MS = 75_000

export interface Line {
  readonly level: string
  readonly msg: string
  readonly [member: string]: unknown
}

/** Turns of the event loop until it is so. */
export async function until(so: () => boolean, what: string, turns = 20_000): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (so()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(`never: ${what}`)
}

export const SETTINGS = kubeSettings({
  nodeHost: 'nodes.example.com',
  gateway: 'https://provider.example.com:8443',
  expectations: null,
})

export class KubeWorld {
  readonly clock = new ImpatientClock()
  readonly state = new DirectoryState()
  readonly lines: Line[] = []
  readonly source: KubeSource

  private constructor(readonly api: FakeKubeApi) {
    const log = pino(
      { base: null, formatters: { level: (level) => ({ level }) } },
      { write: (line: string) => this.lines.push(JSON.parse(line)) },
    )
    this.source = new KubeSource({
      access: { url: api.url, options: async () => ({}) },
      settings: SETTINGS,
      clock: this.clock,
      random: () => 0.5,
      log,
    })
  }

  static async open(): Promise<KubeWorld> {
    return new KubeWorld(await FakeKubeApi.start())
  }

  /** Started, and following all it follows. */
  static async started(fill: (api: FakeKubeApi) => void = () => {}): Promise<KubeWorld> {
    const world = await KubeWorld.open()
    fill(world.api)
    await world.source.start(world.state)
    await until(() => world.source.connected, 'connected')
    return world
  }

  async close(): Promise<void> {
    await this.source.close()
    await this.api.close()
  }

  lease(path: string): LeaseHints | null {
    const entry = this.state.lease(path)
    return entry ? JSON.parse(entry.text) : null
  }

  /** Waits until the state is what the objects of the API server say. */
  async converged(rest = () => {}): Promise<void> {
    let turn = 0
    const same = () => {
      if (++turn % 500 === 0) rest()
      return this.state.digest() === digestOf(this.api)
    }
    await until(() => this.source.connected && same(), 'the state of the API server')
  }
}

/** What the state must be: made from the objects at once, and not from their history. */
export function digestOf(api: FakeKubeApi): string {
  const store = new KubeStore(() => {})
  const put = (kind: keyof typeof store.sinks) => {
    for (const object of api.objects(PATHS[kind])) {
      if (object.metadata.labels?.['akash.network'] === 'true') store.sinks[kind].set(object)
    }
  }
  for (const kind of ['namespaces', 'pods', 'services', 'ingresses'] as const) put(kind)
  const leases = new Map<string, LeaseHints>()
  for (const namespace of [...store.take()].sort()) {
    const objects = store.get(namespace)
    const hints = objects ? leaseHints(objects, new Map(), SETTINGS) : null
    if (hints && !leases.has(leaseKey(hints.lease))) leases.set(leaseKey(hints.lease), hints)
  }
  const state = new DirectoryState()
  for (const hints of leases.values()) state.setLease(hints)
  return state.digest()
}

export type { FakeObject }
